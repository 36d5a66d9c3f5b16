#include "ship/measure/modes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace hone::ship {
namespace {

using Rng = std::mt19937_64;
using Draw = std::function<double(Rng&, int)>;

Modes of(const Draw& draw, int n, uint64_t seed = 1) {
  Rng rng(seed);
  std::vector<double> v;
  for (int i = 0; i < n; ++i) v.push_back(draw(rng, i));
  return find_modes(v);
}

double normal(Rng& rng) { return std::normal_distribution<double>()(rng); }

// False alarms in 50 seeded series of each shape and length.
int alarms(const Draw& draw) {
  int count = 0;
  for (int n : {100, 1000, 10'000}) {
    for (uint64_t seed = 1; seed <= 50; ++seed) count += of(draw, n, seed).bimodal;
  }
  return count;
}

TEST(Modes, TwoPathsInTurnAreSeen) {
  const Modes m = of([](Rng& r, int i) { return (i % 2 == 0 ? 1 : 1.3) + 0.02 * normal(r); }, 1000);
  EXPECT_TRUE(m.bimodal);
  EXPECT_NEAR(m.low_ms, 1, 0.01);
  EXPECT_NEAR(m.high_ms, 1.3, 0.01);
  EXPECT_NEAR(m.high_share, 0.5, 0.01);
  EXPECT_EQ(m.switches, 999);
}

// A clock that changes once: the same two modes, one switch.
TEST(Modes, SwitchesTellWhenTheyChange) {
  const Modes m = of([](Rng& r, int i) { return (i < 700 ? 1 : 1.3) + 0.02 * normal(r); }, 1000);
  EXPECT_TRUE(m.bimodal);
  EXPECT_NEAR(m.high_share, 0.3, 0.01);
  EXPECT_EQ(m.switches, 1);
}

// One frame in ten is slow, and a few are far out.
TEST(Modes, AMinorityAndOutliersBesideIt) {
  const Modes m = of(
      [](Rng& r, int i) {
        return i % 500 == 3 ? 80.0 : (i % 10 == 0 ? 2.0 : 1.0) * std::exp(0.03 * normal(r));
      },
      2000);
  EXPECT_TRUE(m.bimodal);
  EXPECT_NEAR(m.high_ms, 2, 0.05);
  EXPECT_NEAR(m.high_share, 0.1, 0.02);
}

TEST(Modes, OneHumpIsOneMode) {
  EXPECT_EQ(alarms([](Rng& r, int) { return 1 + 0.02 * normal(r); }), 0);
  EXPECT_EQ(alarms([](Rng& r, int) { return std::exp(0.5 * normal(r)); }), 0) << "log-normal";
  EXPECT_EQ(alarms([](Rng& r, int) { return 1 + std::exponential_distribution<double>(5)(r); }), 0);
  EXPECT_LE(alarms([](Rng& r, int) { return std::uniform_real_distribution<double>(1, 2)(r); }), 1);
  // Pareto: the longest tail.
  EXPECT_EQ(alarms([](Rng& r, int) {
              return std::pow(1 - std::uniform_real_distribution<double>()(r), -1.0);
            }),
            0);
}

TEST(Modes, WhatMattersToNobodyIsNone) {
  // 2 % apart, and sharp.
  EXPECT_FALSE(
      of([](Rng& r, int i) { return 1 + 0.02 * (i % 2) + 1e-4 * normal(r); }, 1000).bimodal);
  // 3 % of the samples: outliers.
  EXPECT_FALSE(
      of([](Rng& r, int i) { return (i % 33 == 0 ? 3 : 1) + 0.02 * normal(r); }, 1000).bimodal);
  EXPECT_FALSE(of([](Rng&, int i) { return i % 2 ? 1.0 : 2.0; }, 99).bimodal);
  EXPECT_FALSE(of([](Rng&, int) { return 1.0; }, 1000).bimodal);
  EXPECT_FALSE(of([](Rng&, int) { return 0.0; }, 1000).bimodal);
}

}  // namespace
}  // namespace hone::ship
