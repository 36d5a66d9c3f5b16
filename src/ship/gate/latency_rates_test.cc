// How often is the gate wrong about latencies? Seeded series as a benchmark sees them: neighbours
// resemble each other, the machine slows down and recovers, and one run in fifty is held up.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

#include "ship/gate/gate.h"
#include "ship/measure/bootstrap.h"
#include "ship/measure/stats.h"

namespace hone::ship {
namespace {

constexpr double pi = 3.14159265358979;

class Series {
 public:
  explicit Series(uint64_t seed) : random_(seed) {}

  // Milliseconds about 1: an AR(1) of the logarithm (phi 0.7, 3 %), a wave of 1 % with a random
  // phase, and outliers of 20 to 60 %.
  std::vector<double> draw(size_t n) {
    std::vector<double> ms(n);
    const double phase = 2 * pi * uniform();
    double state = 0.03 * normal();
    for (size_t i = 0; i < n; ++i) {
      state = 0.7 * state + 0.03 * std::sqrt(1 - 0.49) * normal();
      const double wave = 0.01 * std::sin(phase + 2 * pi * static_cast<double>(i) / 700);
      ms[i] = std::exp(state + wave) * (uniform() < 0.02 ? 1.2 + 0.4 * uniform() : 1);
    }
    return ms;
  }

 private:
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  double normal() {  // Box and Muller: the same with every library
    return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * pi * uniform());
  }
  std::mt19937_64 random_;
};

double true_percentile(double p) {
  Series long_one(99);
  std::vector<double> all;
  for (int i = 0; i < 100; ++i) {
    const std::vector<double> one = long_one.draw(7000);
    all.insert(all.end(), one.begin(), one.end());
  }
  std::sort(all.begin(), all.end());
  return quantile(all, p);
}

struct Tally {
  int ship = 0, no_ship = 0, inconclusive = 0;
};

// Runs of `slower` times the true latency against a limit of `limit` ms on percentile p.
Tally tally(int trials, double p, double slower, double limit, uint64_t seed) {
  Series series(seed);
  Tally t;
  for (int i = 0; i < trials; ++i) {
    std::vector<double> ms = series.draw(2000);
    for (double& v : ms) v *= slower;
    GateReport r;
    r.parity.ok = true;
    Limits l;
    (p == 0.5 ? l.p50_ms : l.p95_ms) = limit;
    Measured& m = p == 0.5 ? r.p50_ms : r.p95_ms;
    m.interval = Bounds{};
    if (auto interval = percentile_interval(ms, p)) {
      m.interval = Bounds{interval->low, interval->high};
    }
    std::sort(ms.begin(), ms.end());
    m.value = quantile(ms, p);
    m.samples = static_cast<int64_t>(ms.size());
    const Verdict v = decide(r, l).verdict;
    ++(v == Verdict::ship ? t.ship : v == Verdict::no_ship ? t.no_ship : t.inconclusive);
  }
  std::printf("  p%g, %.2f of the limit, %d trials: %d SHIP, %d NO SHIP, %d INCONCLUSIVE\n",
              100 * p, slower * true_percentile(p) / limit, trials, t.ship, t.no_ship,
              t.inconclusive);
  return t;
}

class Latency : public ::testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Percentiles, Latency, ::testing::Values(0.5, 0.95));

TEST_P(Latency, FivePerCentOverTheLimitIsCaught) {
  const Tally t = tally(100, GetParam(), 1.05, true_percentile(GetParam()), 1);
  EXPECT_GE(t.no_ship, 95);
  EXPECT_EQ(t.ship, 0);
}

// The engine that the limit was taken from, measured again; the limit leaves it 2 % (what hone
// compare calls the same).
TEST_P(Latency, TheSameEngineIsNotStopped) {
  EXPECT_LE(tally(100, GetParam(), 1, 1.02 * true_percentile(GetParam()), 2).no_ship, 1);
}

// Without those 2 % it lies on the limit itself, where each bound is wrong in 2.5 %: of 100 trials
// more than 7 are 3 standard deviations away.
TEST_P(Latency, OnTheLimitBothErrorsAreThoseOfTheInterval) {
  const Tally t = tally(100, GetParam(), 1, true_percentile(GetParam()), 2);
  EXPECT_LE(t.no_ship, 7);
  EXPECT_LE(t.ship, 7);
}

TEST_P(Latency, FivePerCentWithinTheLimitShips) {
  const Tally t = tally(100, GetParam(), 0.95, true_percentile(GetParam()), 3);
  EXPECT_GE(t.ship, 95);
  EXPECT_EQ(t.no_ship, 0);
}

}  // namespace
}  // namespace hone::ship
