// How often is the gate wrong? Seeded trials of decide() on what truly is known. The figures are
// printed and stand in docs/gate.md.
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "ship/gate/gate.h"

namespace hone::ship {
namespace {

constexpr int classes = 10;
constexpr int64_t samples = 2000;

class Trials {
 public:
  explicit Trials(uint64_t seed) : random_(seed) {}

  // Pairs of one class: a share `discordant` of them differs, and the true drop is `points`.
  Paired draw(const std::string& name, double discordant, double points) {
    const double lost = (discordant + points / 100) / 2;
    Paired p{name, samples, 0, 0};
    for (int64_t i = 0; i < samples; ++i) {
      const double u = static_cast<double>(random_() >> 11) * 0x1p-53;
      if (u < lost) {
        ++p.lost;
      } else if (u < discordant) {
        ++p.gained;
      }
    }
    return p;
  }

  GateReport report(double discordant, const std::vector<double>& points) {
    GateReport r;
    r.parity.ok = true;
    r.overall = Paired{"", 0, 0, 0};
    for (size_t c = 0; c < points.size(); ++c) {
      r.classes.push_back(draw("c" + std::to_string(c), discordant, points[c]));
      r.overall->samples += samples;
      r.overall->lost += r.classes.back().lost;
      r.overall->gained += r.classes.back().gained;
    }
    return r;
  }

 private:
  std::mt19937_64 random_;
};

struct Tally {
  int ship = 0, no_ship = 0, inconclusive = 0;
  void add(Verdict v) {
    ++(v == Verdict::ship ? ship : v == Verdict::no_ship ? no_ship : inconclusive);
  }
};

Limits class_limit_of(double points) {
  Limits l;
  l.class_drop = points;
  return l;
}

Tally tally(int trials, double discordant, const std::vector<double>& points, const Limits& l,
            uint64_t seed) {
  Trials t(seed);
  Tally all;
  for (int i = 0; i < trials; ++i) all.add(decide(t.report(discordant, points), l).verdict);
  std::printf("  %d trials: %d SHIP, %d NO SHIP, %d INCONCLUSIVE\n", trials, all.ship, all.no_ship,
              all.inconclusive);
  return all;
}

// One class of ten loses 3 points, the others gain what keeps the average where it was.
TEST(ErrorRates, OneDamagedClassIsFoundThoughTheAverageIsFlat) {
  std::vector<double> points(classes, -3.0 / (classes - 1));
  points[4] = 3;
  const Tally t = tally(100, 0.05, points, class_limit_of(0.5), 1);
  EXPECT_GE(t.no_ship, 95);
  EXPECT_EQ(t.ship, 0);
}

TEST(ErrorRates, EquallyGoodEnginesThatDifferAreNotStopped) {
  const std::vector<double> points(classes, 0.0);
  Limits l = class_limit_of(0.5);
  l.accuracy_drop = 0.5;
  EXPECT_LE(tally(1000, 0.05, points, l, 2).no_ship, 1);
}

TEST(ErrorRates, IdenticalOutputsShip) {
  const std::vector<double> points(classes, 0.0);
  EXPECT_EQ(tally(1000, 0.0, points, class_limit_of(0.5), 3).ship, 1000);
}

// Every class exactly at its limit: the hardest case that is still within. The family's error is
// 1 %, so of 1,000 trials at most 23 may be stopped (4 standard deviations above 10).
TEST(ErrorRates, AtTheLimitTheFamilysErrorHolds) {
  const std::vector<double> points(classes, 0.5);
  EXPECT_LE(tally(1000, 0.05, points, class_limit_of(0.5), 4).no_ship, 23);
}

// Just beyond the limit in one class, the chance to ship is that of one tail: 2.5 %, whatever the
// others do (2.5 % of 1,000, and 4 standard deviations).
TEST(ErrorRates, WhatIsBeyondShipsInOneTailOnly) {
  std::vector<double> points(classes, -2.0);
  points[0] = 0.5;
  const Tally t = tally(1000, 0.04, points, class_limit_of(0.5), 5);
  EXPECT_LE(t.ship, 45);
  EXPECT_GE(t.ship, 5);
}

}  // namespace
}  // namespace hone::ship
