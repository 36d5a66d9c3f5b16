// How often is the gate wrong about latencies? Seeded series as a benchmark sees them: neighbours
// resemble each other, the machine slows down and recovers, and one run in fifty is held up; and a
// recorded run, resampled in blocks that keep its drift and autocorrelation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
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

// testing/latency_trace.json: one run of a real engine on a busy machine, 0.1 us.
std::vector<double> recorded() {
  std::ifstream in(HONE_SOURCE_DIR "/src/ship/gate/testing/latency_trace.json");
  const auto j = nlohmann::json::parse(in, nullptr, false);
  std::vector<double> ms;
  for (const auto& tenths : j.at("latency")) ms.push_back(tenths.get<double>() * 1e-4);
  return ms;
}

// Where runs come from: n samples of another run of the same engine.
struct Source {
  const char* name;
  std::function<std::vector<double>(uint64_t seed)> run;
  std::vector<double> sorted;  // so many that their percentiles are the true ones
  double percentile(double p) const { return quantile(sorted, p); }
};

Source simulated() {
  Source s{"simulated", [](uint64_t seed) { return Series(seed).draw(2000); }, {}};
  Series long_one(99);
  for (int i = 0; i < 100; ++i) {
    const std::vector<double> one = long_one.draw(7000);
    s.sorted.insert(s.sorted.end(), one.begin(), one.end());
  }
  std::sort(s.sorted.begin(), s.sorted.end());
  return s;
}

// Blocks of 200 samples from anywhere in the trace, taken as a circle.
Source resampled() {
  const std::vector<double> trace = recorded();
  Source s{"recorded", {}, trace};
  s.run = [trace](uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<double> ms;
    while (ms.size() < trace.size()) {
      const uint64_t from = random() % trace.size();
      for (uint64_t i = 0; i < 200; ++i) ms.push_back(trace[(from + i) % trace.size()]);
    }
    return ms;
  };
  std::sort(s.sorted.begin(), s.sorted.end());
  return s;
}

const Source& source(bool real) {
  static const Source sources[] = {simulated(), resampled()};
  return sources[real];
}

struct Tally {
  int ship = 0, no_ship = 0, inconclusive = 0;
};

// Runs of an engine whose percentile p truly is `of_limit` times the limit.
Tally tally(int trials, const Source& source, double p, double of_limit, uint64_t seed) {
  Tally t;
  const double limit = source.percentile(p) / of_limit;
  for (int i = 0; i < trials; ++i) {
    std::vector<double> ms = source.run(seed * 1000 + static_cast<uint64_t>(i));
    GateReport r;
    r.parity.ok = true;
    Limits l;
    (p == 0.5 ? l.p50_ms : p == 0.9 ? l.p90_ms : l.p95_ms) = limit;
    Measured& m = p == 0.5 ? r.p50_ms : p == 0.9 ? r.p90_ms : r.p95_ms;
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
  std::printf("  %s, p%g, %.2f of the limit, %d trials: %d SHIP, %d NO SHIP, %d INCONCLUSIVE\n",
              source.name, 100 * p, of_limit, trials, t.ship, t.no_ship, t.inconclusive);
  return t;
}

class Latency : public ::testing::TestWithParam<std::pair<bool, double>> {
 protected:
  Tally of_limit(double of_limit, uint64_t seed) {
    const auto [real, p] = GetParam();
    return tally(100, source(real), p, of_limit, seed);
  }
};
INSTANTIATE_TEST_SUITE_P(Percentiles, Latency,
                         ::testing::Values(std::pair(false, 0.5), std::pair(false, 0.95),
                                           std::pair(true, 0.5), std::pair(true, 0.9)));

TEST_P(Latency, FivePerCentOverTheLimitIsCaught) {
  const Tally t = of_limit(1.05, 1);
  EXPECT_GE(t.no_ship, 95);
  EXPECT_EQ(t.ship, 0);
}

// The engine that the limit was taken from, measured again; the limit leaves it 2 % (what hone
// compare calls the same).
TEST_P(Latency, TheSameEngineIsNotStopped) { EXPECT_LE(of_limit(1 / 1.02, 2).no_ship, 1); }

// Without those 2 % it lies on the limit itself, where the lower bound is wrong in 2.5 %: of 100
// trials more than 7 are 3 standard deviations away.
TEST_P(Latency, OnTheLimitItErrsAsTheIntervalDoes) { EXPECT_LE(of_limit(1, 2).no_ship, 7); }

TEST_P(Latency, FivePerCentWithinTheLimitShips) {
  const Tally t = of_limit(0.95, 3);
  EXPECT_GE(t.ship, 95);
  EXPECT_EQ(t.no_ship, 0);
}

// Where the tail of a busy machine is steep (p95 is 1.15 times p90, p99 a hundred times), 4,000
// samples often can not decide 5 % at p95; they never call it within.
TEST(LatencyTail, WhatCanNotBeDecidedIsNotShipped) {
  const Tally t = tally(30, source(true), 0.95, 1.05, 4);
  EXPECT_EQ(t.ship, 0);
  EXPECT_GT(t.inconclusive, 0);
}

}  // namespace
}  // namespace hone::ship
