#include "ship/measure/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace hone::ship {
namespace {

// Rounds whose ratios are spread evenly within +-spread of `ratio`, in mixed order.
std::vector<Round> rounds(int64_t n, double ratio, double spread) {
  std::vector<Round> out;
  for (int64_t i = 0; i < n; ++i) {
    double at = static_cast<double>(i * 7919 % n) / static_cast<double>(n - 1);
    out.push_back({i, 2, 2 * ratio * (1 + spread * (2 * at - 1))});
  }
  return out;
}

TEST(Judge, EachVerdict) {
  EXPECT_EQ(judge(rounds(12, 1, 0.01), {}).verdict, LatencyVerdict::same);
  EXPECT_EQ(judge(rounds(12, 1.05, 0.01), {}).verdict, LatencyVerdict::regressed);
  EXPECT_EQ(judge(rounds(12, 0.95, 0.01), {}).verdict, LatencyVerdict::better);
  Judgement j = judge(rounds(12, 1.02, 0.01), {});
  EXPECT_EQ(j.verdict, LatencyVerdict::inconclusive);
  EXPECT_EQ(j.reason, "the interval reaches across the margin");
  EXPECT_NEAR(j.ratio, 1.02, 0.005);
  EXPECT_LT(j.low, 1.02);
  EXPECT_GT(j.high, 1.02);
}

TEST(Judge, SwappedSidesMirror) {
  auto swapped = rounds(20, 1.05, 0.02);
  Judgement there = judge(swapped, {});
  for (Round& r : swapped) std::swap(r.a_ms, r.b_ms);
  Judgement back = judge(swapped, {});
  EXPECT_EQ(back.verdict, LatencyVerdict::better);
  EXPECT_NEAR(back.ratio * there.ratio, 1, 1e-12);
  EXPECT_NEAR(back.low * there.high, 1, 2e-3);  // other resamples: 2,000 of them, not all
}

TEST(Judge, MarginIsTheCallers) {
  EXPECT_EQ(judge(rounds(12, 1.05, 0.01), {.margin = 0.1}).verdict, LatencyVerdict::same);
  EXPECT_EQ(judge(rounds(12, 1.015, 0.002), {.margin = 0.01}).verdict, LatencyVerdict::regressed);
}

TEST(Judge, LaterLooksMustBeClearer) {
  auto width = [](int look) {
    Judgement j = judge(rounds(40, 1, 0.02), {.look = look});
    return j.high - j.low;
  };
  EXPECT_LT(width(0), width(1));
  EXPECT_LT(width(1), width(2));
  EXPECT_LT(width(2), width(8));
}

TEST(Judge, DifferencesTheClockDoesNotResolveAreNotCalled) {
  auto tiny = rounds(12, 1.5, 0.01);
  for (Round& r : tiny) r.a_ms *= 1e-5, r.b_ms *= 1e-5;  // 20 and 30 ns
  Judgement j = judge(tiny, {.floor_ms = 40e-6});
  EXPECT_EQ(j.verdict, LatencyVerdict::inconclusive);
  EXPECT_EQ(j.reason, "they differ by less than the clock resolves (40 ns)");
  EXPECT_FALSE(j.more_rounds);
  EXPECT_EQ(judge(tiny, {.floor_ms = 5e-6}).verdict, LatencyVerdict::regressed);
}

TEST(Judge, RunsTheClockDoesNotSee) {
  std::vector<Round> zero(12);
  for (size_t i = 0; i < 12; ++i) zero[i].placement = static_cast<int64_t>(i);
  EXPECT_EQ(judge(zero, {}).verdict, LatencyVerdict::same);
}

// A placement counts once, however many rounds it has: 40 rounds of 4 placements that differ tell
// less than 40 of 40.
TEST(Judge, RoundsOfOnePlacementAreNotIndependent) {
  std::vector<Round> few, many;
  for (int64_t i = 0; i < 40; ++i) {
    few.push_back({i / 10, 1, 1 + 0.01 * static_cast<double>(i / 10 % 2)});
    many.push_back({i, 1, 1 + 0.01 * static_cast<double>(i % 2)});
  }
  Judgement of_few = judge(few, {}), of_many = judge(many, {});
  EXPECT_NEAR(of_few.ratio, of_many.ratio, 1e-3);
  EXPECT_GT(of_few.high - of_few.low, 2 * (of_many.high - of_many.low));
}

TEST(Judge, TooFewRounds) {
  EXPECT_EQ(judge({}, {}).verdict, LatencyVerdict::inconclusive);
  Judgement j = judge(rounds(2, 1, 0.01), {});
  EXPECT_EQ(j.verdict, LatencyVerdict::inconclusive);
  EXPECT_EQ(j.reason, "2 placements are too few for an interval");
  EXPECT_EQ(j.more_rounds, first_look);
}

std::vector<Round> noisy(int64_t n, double ratio, double spread, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Round> out;
  for (int64_t i = 0; i < n; ++i) {
    double sum = -6;  // of 12 uniform numbers: nearly normal, deviation 1
    for (int k = 0; k < 12; ++k) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    out.push_back({i, 1, ratio * std::exp(spread * sum)});
  }
  return out;
}

// Rounds that are said to decide likely do: of 50 series that 12 leave open, most.
TEST(Judge, SaysHowManyMoreRoundsWouldDecide) {
  int open = 0, decided = 0;
  for (uint64_t seed = 1; open < 50; ++seed) {
    auto all = noisy(2000, 1.0, 0.03, seed);
    Judgement first = judge(std::span(all).first(12), {.look = 1});
    if (first.verdict != LatencyVerdict::inconclusive || !first.more_rounds) continue;
    auto more = static_cast<size_t>(std::min<int64_t>(12 + *first.more_rounds, 2000));
    ++open;
    if (judge(std::span(all).first(more), {.look = 2}).verdict != LatencyVerdict::inconclusive)
      ++decided;
  }
  EXPECT_GE(decided, 30);
}

// Exactly at the margin nothing may be called but by error: 1 % of each side, all looks together.
TEST(Judge, AtTheMarginLooksAddUpToTheError) {
  int regressed = 0, same = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    auto all = noisy(60, 1.02, 0.01, seed);
    int look = 0;
    for (int64_t n = first_look; n <= 60; n = next_look(n)) {
      Judgement j = judge(std::span(all).first(static_cast<size_t>(n)), {.look = ++look});
      regressed += j.verdict == LatencyVerdict::regressed;
      same += j.verdict == LatencyVerdict::same;
      if (j.verdict != LatencyVerdict::inconclusive) break;
    }
  }
  EXPECT_LE(regressed, 4);  // 1 is due; more than 4 have a probability of 0.4 % then
  EXPECT_LE(same, 4);
}

TEST(Judge, SameRoundsGiveTheSameBits) {
  auto r = noisy(30, 1.01, 0.02, 3);
  EXPECT_EQ(judge(r, {}).low, judge(r, {}).low);
}

}  // namespace
}  // namespace hone::ship
