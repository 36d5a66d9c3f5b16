#include "ship/gate/gate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone::ship {
namespace {

GateReport good() {
  GateReport r;
  r.p95_ms = Measured::of(1.0);
  r.engine_mb = Measured::of(1.0);
  r.peak_memory_mb = Measured::of(10);
  r.overall = Paired{"", 10000, 3, 2};
  for (int c = 0; c < 10; ++c) r.classes.push_back({"c" + std::to_string(c), 1000, 0, 0});
  r.parity_ok = true;
  r.parity_text = "agrees";
  return r;
}

Limits limits() {
  Limits l;
  l.p95_ms = 2;
  l.engine_mb = 4;
  l.accuracy_drop = 0.5;
  l.class_drop = 1.5;
  return l;
}

TEST(Gate, ShipsWhatIsWithinEveryLimit) {
  EXPECT_EQ(verdict_line(decide(good(), limits())), "SHIP");
}

TEST(Gate, LatencyOverTheLimitIsNoShip) {
  GateReport r = good();
  r.p95_ms = Measured::of(2.5);
  EXPECT_EQ(verdict_line(decide(r, limits())), "NO SHIP: p95 latency 2.5 ms, limit 2");
}

TEST(Gate, WhatCannotBeMeasuredIsInconclusiveNeverAPass) {
  GateReport r = good();
  r.energy_mj = Measured::unavailable("unavailable: no RAPL");
  Limits l = limits();
  EXPECT_EQ(decide(r, l).verdict, Verdict::ship);  // no limit, no question
  l.energy_mj = 5;
  GateResult g = decide(r, l);
  EXPECT_EQ(g.verdict, Verdict::inconclusive);
  EXPECT_EQ(verdict_line(g), "INCONCLUSIVE: energy unavailable: no RAPL (limit 5 mJ)");
}

// One class loses 5 points of a thousand samples while the average hardly moves.
TEST(Gate, OneDamagedClassIsNamed) {
  GateReport r = good();
  r.classes[6].lost = 50;
  r.overall->lost = 53;
  GateResult g = decide(r, limits());
  EXPECT_EQ(g.verdict, Verdict::no_ship);
  EXPECT_NE(verdict_line(g).find("class 'c6' drop 5.00 points"), std::string::npos);
}

TEST(Gate, ADropThatSamplesCannotDecideIsInconclusive) {
  GateReport r = good();
  r.classes[2] = {"c2", 100, 3, 1};  // 2 points, but of a hundred samples
  EXPECT_EQ(decide(r, limits()).verdict, Verdict::inconclusive);
}

TEST(Gate, ParityFailureOutweighsAll) {
  GateReport r = good();
  r.parity_ok = false;
  r.parity_text = "output 'y' differs";
  r.p95_ms = Measured::unavailable("not claimable: 3 of 130 samples");
  EXPECT_EQ(decide(r, limits()).verdict, Verdict::no_ship);
}

TEST(Gate, LimitsOnAccuracyWithoutDataAreInconclusive) {
  GateReport r = good();
  r.overall.reset();
  r.classes.clear();
  EXPECT_EQ(decide(r, limits()).verdict, Verdict::inconclusive);
}

// Every limit on its own: at it, above it, not measurable.
struct Limited {
  const char* what;
  std::optional<double> Limits::*limit;
  Measured GateReport::*figure;
};
constexpr Limited limited[] = {
    {"p50 latency", &Limits::p50_ms, &GateReport::p50_ms},
    {"p90 latency", &Limits::p90_ms, &GateReport::p90_ms},
    {"p95 latency", &Limits::p95_ms, &GateReport::p95_ms},
    {"p99 latency", &Limits::p99_ms, &GateReport::p99_ms},
    {"peak memory", &Limits::peak_memory_mb, &GateReport::peak_memory_mb},
    {"engine size", &Limits::engine_mb, &GateReport::engine_mb},
    {"energy", &Limits::energy_mj, &GateReport::energy_mj},
};

TEST(Gate, EveryMeasuredLimit) {
  for (const Limited& row : limited) {
    Limits only;
    only.*row.limit = 2;
    const auto verdict = [&](Measured m) {
      GateReport r = good();
      r.*row.figure = std::move(m);
      GateResult g = decide(r, only);
      EXPECT_EQ(g.checks.size(), 2u) << row.what;  // parity and this one
      EXPECT_EQ(g.checks[1].what, row.what);
      EXPECT_EQ(g.reasons.size(), g.verdict == Verdict::ship ? 0u : 1u);
      return g.verdict;
    };
    EXPECT_EQ(verdict(Measured::of(1.9)), Verdict::ship) << row.what;
    EXPECT_EQ(verdict(Measured::of(2)), Verdict::ship) << row.what;
    EXPECT_EQ(verdict(Measured::of(2.001)), Verdict::no_ship) << row.what;
    EXPECT_EQ(verdict(Measured::of(std::nan(""))), Verdict::no_ship) << row.what;
    EXPECT_EQ(verdict(Measured::unavailable("unavailable: x")), Verdict::inconclusive) << row.what;
    EXPECT_EQ(verdict({}), Verdict::inconclusive) << row.what;
  }
}

// lost of 1,000 against a limit of 1.5 points: 95 % intervals below, across, above it.
TEST(Gate, EveryDropLimit) {
  const std::pair<int64_t, Verdict> cases[] = {{0, Verdict::ship},
                                               {8, Verdict::ship},           // [0.25, 1.35]
                                               {10, Verdict::inconclusive},  // [0.38, 1.62]
                                               {20, Verdict::inconclusive},  // [1.13, 2.87]
                                               {30, Verdict::no_ship}};      // [1.94, 4.06]
  for (auto [lost, expected] : cases) {
    GateReport r = good();
    r.overall = Paired{"", 1000, lost, 0};
    Limits overall;
    overall.accuracy_drop = 1.5;
    EXPECT_EQ(decide(r, overall).verdict, expected) << lost;
    r = good();
    r.classes[9].lost = lost;
    Limits by_class;
    by_class.class_drop = 1.5;
    EXPECT_EQ(decide(r, by_class).verdict, expected) << lost;
    EXPECT_EQ(decide(r, by_class).checks.size(), 11u);
  }
}

TEST(Gate, ClassesThatWereNotCountedAreInconclusive) {
  GateReport r = good();
  r.classes.clear();
  EXPECT_EQ(verdict_line(decide(r, limits())),
            "INCONCLUSIVE: classes unavailable: no class was counted");
}

TEST(Gate, ReasonsAreOfAllThatDidNotPass) {
  GateReport r = good();
  r.p95_ms = Measured::of(3);
  r.engine_mb = Measured::of(9);
  r.energy_mj = Measured::unavailable("unavailable: no counter");
  Limits l = limits();
  l.energy_mj = 1;
  EXPECT_EQ(verdict_line(decide(r, l)),
            "NO SHIP: p95 latency 3 ms, limit 2; engine size 9 MB, limit 4; "
            "energy unavailable: no counter (limit 1 mJ)");
}

TEST(Gate, DropInterval) {
  Drop d = drop_of({"", 1000, 50, 0});
  EXPECT_DOUBLE_EQ(d.points, 5);
  EXPECT_NEAR(d.low, 3.65, 0.01);
  EXPECT_NEAR(d.high, 6.35, 0.01);
  Drop none = drop_of({"", 0, 0, 0});
  EXPECT_EQ(none.high, 100);  // nothing is known
}

}  // namespace
}  // namespace hone::ship
