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
  r.parity.ok = true;
  r.parity.text = "agrees";
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
  r.parity.ok = false;
  r.parity.text = "output 'y' differs";
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
#define HONE_LIMIT(key, unit, largest, what, kind, source) {what, &Limits::key, &GateReport::key},
#define HONE_RULE(...)
#include "ship/project/limits.inc"
#undef HONE_LIMIT
#undef HONE_RULE
};

Check check_of(const Limited& row, Measured m) {
  Limits only;
  only.*row.limit = 2;
  GateReport r = good();
  r.*row.figure = std::move(m);
  GateResult g = decide(r, only);
  EXPECT_EQ(g.checks.size(), 2u) << row.what;  // parity and this one
  EXPECT_EQ(g.checks[1].what, row.what);
  EXPECT_EQ(g.reasons.size(), g.verdict == Verdict::ship ? 0u : 1u);
  EXPECT_EQ(g.verdict, g.checks[1].verdict);
  return g.checks[1];
}

TEST(Gate, EveryMeasuredLimit) {
  for (const Limited& row : limited) {
    const auto verdict = [&](Measured m) { return check_of(row, std::move(m)).verdict; };
    EXPECT_EQ(verdict(Measured::of(1.9)), Verdict::ship) << row.what;
    EXPECT_EQ(verdict(Measured::of(2)), Verdict::ship) << row.what;
    EXPECT_EQ(verdict(Measured::of(2.001)), Verdict::no_ship) << row.what;
    EXPECT_EQ(verdict(Measured::of(INFINITY)), Verdict::no_ship) << row.what;
    EXPECT_EQ(verdict(Measured::of(std::nan(""))), Verdict::inconclusive) << row.what;
    EXPECT_EQ(verdict(Measured::unavailable("unavailable: x")), Verdict::inconclusive) << row.what;
    EXPECT_EQ(verdict({}), Verdict::inconclusive) << row.what;
    Measured elsewhere = Measured::of(1);
    elsewhere.doubt = "measured on another machine: cpu 'A', not 'B'";
    EXPECT_EQ(verdict(elsewhere), Verdict::inconclusive) << row.what;
    elsewhere.value = 9;
    EXPECT_EQ(verdict(elsewhere), Verdict::inconclusive) << row.what;
  }
}

Measured with_interval(double value, std::optional<double> low, std::optional<double> high) {
  Measured m = Measured::of(value);
  m.interval = Bounds{low, high};
  m.samples = 1000;
  return m;
}

TEST(Gate, IntervalsDecide) {
  const double nan = std::nan("");
  const std::tuple<Measured, Verdict> cases[] = {
      {with_interval(1.8, 1.7, 2.0), Verdict::ship},
      {with_interval(1.8, 1.7, 2.01), Verdict::inconclusive},
      {with_interval(2.2, 1.99, 2.5), Verdict::inconclusive},
      {with_interval(2.2, 2.0, 2.5), Verdict::inconclusive},  // not beyond it
      {with_interval(2.2, 2.01, 2.5), Verdict::no_ship},
      {with_interval(1.8, std::nullopt, 1.9), Verdict::ship},
      {with_interval(1.8, 1.7, std::nullopt), Verdict::inconclusive},
      {with_interval(2.8, 2.7, std::nullopt), Verdict::no_ship},
      {with_interval(2.8, std::nullopt, std::nullopt), Verdict::inconclusive},
      {with_interval(1.8, 1.7, nan), Verdict::inconclusive},
      {with_interval(2.8, nan, 3.0), Verdict::inconclusive},
      {with_interval(1.8, 1.9, 1.7), Verdict::inconclusive},  // upside down
  };
  for (const Limited& row : limited) {
    for (const auto& [m, verdict] : cases) {
      EXPECT_EQ(check_of(row, m).verdict, verdict) << row.what << " " << check_of(row, m).text;
    }
  }
}

TEST(Gate, SaysWhatWasMeasuredAndHowManySamplesWouldDecide) {
  const Limited p95 = limited[2];
  Check c = check_of(p95, with_interval(1.8, 1.6, 2.2));
  EXPECT_EQ(c.text, "1.8 ms [1.6, 2.2], limit 2; 4,000 samples would decide");
  EXPECT_EQ(c.key, "p95_ms");
  EXPECT_EQ(c.unit, "ms");
  EXPECT_EQ(c.value, 1.8);
  EXPECT_EQ(c.low, 1.6);
  EXPECT_EQ(c.high, 2.2);
  EXPECT_EQ(c.limit, 2);
  EXPECT_EQ(c.needed, 4000);  // (0.4 / 0.2)^2 of 1,000
  EXPECT_EQ(check_of(p95, with_interval(2, 1.6, 2.2)).text,
            "2 ms [1.6, 2.2], limit 2; no number of samples would decide");
  Measured open = with_interval(1.8, 1.7, std::nullopt);
  open.needed = 72;
  EXPECT_EQ(check_of(p95, open).text, "1.8 ms [1.7, ?], limit 2; 72 samples would decide");
}

TEST(Gate, LatenciesAreJudgedAtTheTargetsRate) {
  Limits l;
  l.p95_ms = 2;
  l.engine_mb = 4;
  GateReport r = good();
  EXPECT_EQ(decide(r, l).verdict, Verdict::ship);
  l.rate = 30;
  EXPECT_EQ(verdict_line(decide(r, l)),
            "INCONCLUSIVE: p95 latency 1 ms, limit 2; measured back to back, the target runs at 30 "
            "per second");
  r.rate = 30;
  EXPECT_EQ(decide(r, l).verdict, Verdict::ship);
  l.rate = 60;
  EXPECT_EQ(decide(r, l).verdict, Verdict::inconclusive);
  l.rate.reset();
  EXPECT_EQ(decide(r, l).verdict, Verdict::inconclusive);
}

TEST(Gate, ParityUnderAToleranceOfTheProjects) {
  const auto verdict = [](bool ok, std::optional<double> worst, std::optional<double> limit) {
    GateReport r = good();
    r.parity = {ok, "x", worst, 1e-3};
    Limits l;
    l.parity_tolerance = limit;
    return decide(r, l).verdict;
  };
  EXPECT_EQ(verdict(true, 5e-4, {}), Verdict::ship);
  EXPECT_EQ(verdict(false, 5e-3, {}), Verdict::no_ship);
  EXPECT_EQ(verdict(true, 5e-4, 1e-2), Verdict::ship);
  EXPECT_EQ(verdict(true, 5e-4, 6e-4), Verdict::ship);
  EXPECT_EQ(verdict(true, 5e-4, 4e-4), Verdict::no_ship);
  EXPECT_EQ(verdict(true, {}, 4e-4), Verdict::inconclusive);
  EXPECT_EQ(verdict(true, std::nan(""), 4e-4), Verdict::inconclusive);
  EXPECT_EQ(verdict(false, 5e-3, 1e-3), Verdict::no_ship);
  EXPECT_EQ(verdict(false, 5e-3, 4e-3), Verdict::no_ship);
  EXPECT_EQ(verdict(false, 5e-3, 1e-2), Verdict::inconclusive);  // compared to the first only
}

TEST(Gate, ParityThatCouldNotSeeIsNoPass) {
  GateReport r = good();
  r.parity.sees = false;
  EXPECT_EQ(decide(r, {}).verdict, Verdict::inconclusive);
  r.parity.ok = false;  // what differs differs
  EXPECT_EQ(decide(r, {}).verdict, Verdict::no_ship);
}

// lost of 1,000 against a limit of 1.5 points: 95 % intervals below, across, above it.
TEST(Gate, EveryDropLimit) {
  const std::pair<int64_t, Verdict> cases[] = {{0, Verdict::ship},
                                               {6, Verdict::ship},           // [0.28, 1.30]
                                               {9, Verdict::inconclusive},   // [0.47, 1.70]
                                               {20, Verdict::inconclusive},  // [1.30, 3.07]
                                               {35, Verdict::no_ship}};      // [2.52, 4.83]
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

// mAP lost, with the bootstrap's interval.
TEST(Gate, MetricsAreJudgedByTheirInterval) {
  const std::pair<Drop, Verdict> cases[] = {{{0.2, -0.3, 0.7}, Verdict::ship},
                                            {{0.8, 0.1, 1.5}, Verdict::inconclusive},
                                            {{2.0, 1.1, 2.9}, Verdict::no_ship},
                                            {{NAN, 0, 0}, Verdict::inconclusive}};
  Limits l;
  l.accuracy_drop = 1;
  for (const auto& [drop, expected] : cases) {
    GateReport r = good();
    r.overall.reset();
    r.classes.clear();
    r.metric = MetricDrop{"mAP50-95", "%", 128, drop};
    EXPECT_EQ(decide(r, l).verdict, expected) << drop.points;
  }
  GateReport r = good();
  r.metric = MetricDrop{"PSNR", "dB", 128, {2, 1.5, 2.5}};
  EXPECT_EQ(verdict_line(decide(r, l)), "NO SHIP: PSNR drop 2.00 dB [1.50, 2.50], limit 1");
  l.classes["cat"] = 3;
  EXPECT_EQ(decide(r, l).reasons.back(),
            "classes unavailable: PSNR has no interval by class (limit 3 points)");
  r.metric->samples = 0;
  l.classes.clear();
  EXPECT_EQ(verdict_line(decide(r, l)), "INCONCLUSIVE: PSNR unavailable: no sample (limit 1 dB)");
}

TEST(Gate, ALimitOfZeroIsNeverShownToHold) {
  GateReport r = good();
  Limits l;
  l.accuracy_drop = 0;
  r.overall = Paired{"", 1000000, 0, 0};
  GateResult g = decide(r, l);
  EXPECT_EQ(g.verdict, Verdict::inconclusive);
  EXPECT_FALSE(g.checks[1].needed);
  r.overall = Paired{"", 1000, 0, 40};  // better
  EXPECT_EQ(decide(r, l).verdict, Verdict::ship);
}

TEST(Gate, CriticalClassesHaveLimitsOfTheirOwn) {
  GateReport r = good();
  r.classes[3].lost = 40;  // 4 points of 1,000
  Limits l;
  l.class_drop = 6;
  EXPECT_EQ(decide(r, l).verdict, Verdict::ship);
  l.critical = {"c3"};
  l.critical_drop = 1;
  GateResult g = decide(r, l);
  EXPECT_EQ(g.verdict, Verdict::no_ship);
  EXPECT_EQ(g.checks[1].what, "critical class 'c3'");
  EXPECT_EQ(g.checks[1].key, "critical_drop");
  EXPECT_EQ(g.checks.size(), 11u);
  l.classes["c3"] = 7;  // said of this very class
  EXPECT_EQ(decide(r, l).verdict, Verdict::ship);
  l.classes["c3"] = 2;
  l.critical.clear();
  l.critical_drop.reset();
  g = decide(r, l);
  EXPECT_EQ(g.verdict, Verdict::no_ship);
  EXPECT_NE(verdict_line(g).find("class 'c3' drop 4.00 points"), std::string::npos);
  l.classes["zebra"] = 1;
  r.classes[3].lost = 0;
  EXPECT_EQ(verdict_line(decide(r, l)),
            "INCONCLUSIVE: class 'zebra' unavailable: not counted (limit 1 points)");
}

TEST(Gate, CriticalClassesThatNobodyCountedAreInconclusive) {
  GateReport r = good();
  Limits l;
  l.critical = {"person"};
  l.critical_drop = 1;
  EXPECT_EQ(verdict_line(decide(r, l)),
            "INCONCLUSIVE: critical class 'person' unavailable: not counted (limit 1 points)");
  r.classes.push_back({"person", 0, 0, 0});
  EXPECT_EQ(verdict_line(decide(r, l)),
            "INCONCLUSIVE: critical class 'person' unavailable: no sample (limit 1 points)");
}

TEST(Gate, CountsThatCannotBeAreInconclusive) {
  Limits l;
  l.accuracy_drop = 50;
  for (const Paired& p : {Paired{"", 10, 11, 0}, Paired{"", 10, -1, 0}, Paired{"", 10, 6, 5},
                          Paired{"", -1, 0, 0}, Paired{"", 10, 0, -4}}) {
    GateReport r = good();
    r.overall = p;
    EXPECT_EQ(decide(r, l).verdict, Verdict::inconclusive) << p.lost << " " << p.gained;
  }
}

// One class at p = 0.003: beyond its limit by itself, not as one of ten.
TEST(Gate, OneClassOfManyIsHeldToMore) {
  GateReport r = good();
  r.classes[2] = {"c2", 2000, 70, 42};
  Limits l;
  l.class_drop = 0.1;
  for (Paired& p : r.classes) {
    if (p.name != "c2") p.samples = 20000;
  }
  GateResult g = decide(r, l);
  EXPECT_EQ(g.verdict, Verdict::inconclusive) << verdict_line(g);
  const Check& c = g.checks[3];
  EXPECT_GT(c.low, c.limit);
  EXPECT_NE(c.text.find("Holm p 0."), std::string::npos) << c.text;
  ASSERT_TRUE(c.needed);
  // With that many at the same rates it is decided.
  const double more = 1.001 * static_cast<double>(*c.needed) / 2000;
  r.classes[2] = {"c2", static_cast<int64_t>(2000 * more),
                  static_cast<int64_t>(std::ceil(70 * more)), static_cast<int64_t>(42 * more)};
  EXPECT_EQ(decide(r, l).verdict, Verdict::no_ship) << verdict_line(decide(r, l));
}

TEST(Gate, ClassesThatWereNotCountedAreInconclusive) {
  GateReport r = good();
  r.classes.clear();
  EXPECT_EQ(verdict_line(decide(r, limits())),
            "INCONCLUSIVE: classes unavailable: no class was counted (limit 1.5 points)");
}

TEST(Gate, TheVerdictsLineIsReadable) {
  GateReport r = good();
  for (Paired& p : r.classes) p.samples = 100;
  r.classes[7].lost = 30;
  GateResult g = decide(r, limits());
  EXPECT_EQ(g.reasons.size(), 10u);
  const std::string line = verdict_line(g);
  EXPECT_EQ(line.find("NO SHIP: class 'c7' drop 30.00 points"), 0u) << line;
  EXPECT_EQ(line.substr(line.size() - 12), "; and 5 more") << line;
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

}  // namespace
}  // namespace hone::ship
