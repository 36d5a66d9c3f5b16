#include "ship/measure/compare_reports.h"

#include <gtest/gtest.h>

namespace hone::ship {
namespace {

using nlohmann::json;

json report(double p50, double spread) {
  return {{"mode", "closed"},
          {"latency_ms", {{"p50", p50}, {"p99", nullptr}}},
          {"intervals_ms", {{"p50", {p50 - spread, p50 + spread}}}},
          {"conditions", {{"cpu", "X"}, {"isa", "avx2"}, {"cores", 4}, {"threads", 1}}}};
}

TEST(CompareReports, VerdictByIntervals) {
  Judgement same = judge_reports(report(2, 0.005), report(2.01, 0.005), "p50", 0.02);
  EXPECT_EQ(same.verdict, LatencyVerdict::same);
  EXPECT_NEAR(same.ratio, 1.005, 1e-9);
  EXPECT_NEAR(same.low, 2.005 / 2.005, 1e-9);
  EXPECT_NEAR(same.high, 2.015 / 1.995, 1e-9);
  EXPECT_EQ(judge_reports(report(2, 0.01), report(2.2, 0.01), "p50", 0.02).verdict,
            LatencyVerdict::regressed);
  EXPECT_EQ(judge_reports(report(2.2, 0.01), report(2, 0.01), "p50", 0.02).verdict,
            LatencyVerdict::better);
  EXPECT_EQ(judge_reports(report(2, 0.05), report(2.08, 0.05), "p50", 0.02).verdict,
            LatencyVerdict::inconclusive);
}

std::string reason(const json& a, const json& b, const char* percentile = "p50") {
  Judgement j = judge_reports(a, b, percentile, 0.02);
  EXPECT_EQ(j.verdict, LatencyVerdict::inconclusive);
  return j.reason;
}

TEST(CompareReports, OtherConditionsDecideNothing) {
  json a = report(2, 0.001), b = report(3, 0.001);
  b["conditions"]["isa"] = "avx512";
  EXPECT_EQ(reason(a, b), "isa differs: avx2 and avx512");
  b = report(3, 0.001);
  b["conditions"]["threads"] = 2;
  EXPECT_EQ(reason(a, b), "threads differs: 1 and 2");
  b["conditions"].erase("threads");
  EXPECT_EQ(reason(a, b), "B does not say threads");
  b.erase("conditions");
  EXPECT_EQ(reason(a, b), "B does not say its conditions");
  b = report(3, 0.001);
  b["mode"] = "rate";
  EXPECT_EQ(reason(a, b), "mode differs: closed and rate");
  a["mode"] = "rate";
  a["rate"]["per_second"] = 30;
  b["rate"]["per_second"] = 60;
  EXPECT_EQ(reason(a, b), "rate differs: 30 and 60");
}

TEST(CompareReports, WhatIsNotClaimedIsNotCompared) {
  json a = report(2, 0.001), b = report(3, 0.001);
  EXPECT_EQ(reason(a, b, "p99"), "A does not claim p99: measure longer");
  b.erase("intervals_ms");
  EXPECT_EQ(reason(a, b), "B has no interval for p50: measure it again, for longer");
  b["intervals_ms"]["p50"] = "wide";
  EXPECT_EQ(reason(a, b), "B has no interval for p50: measure it again, for longer");
  b["intervals_ms"]["p50"] = {0, 1};
  EXPECT_EQ(reason(a, b), "B's p50 is not above 0");
}

TEST(CompareReports, TakesReportsOfShipToo) {
  json bench = report(2, 0.001);
  EXPECT_EQ(*bench_part(bench), bench);
  EXPECT_EQ(*bench_part({{"stages", {{"bench", bench}}}}), bench);
  EXPECT_FALSE(bench_part({{"stages", {{"build", 1}}}}).ok());
  EXPECT_FALSE(bench_part(json::array()).ok());
  EXPECT_FALSE(bench_part({{"schema", 1}}).ok());
}

}  // namespace
}  // namespace hone::ship
