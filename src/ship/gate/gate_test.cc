#include "ship/gate/gate.h"

#include <gtest/gtest.h>

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
