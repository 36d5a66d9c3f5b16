#include "ship/measure/interleave.h"

#include <gtest/gtest.h>

#include <string>

namespace hone::ship {
namespace {

// Sides that take as long as they are told on a clock of the test's own.
struct Bench {
  int64_t now = 0;
  std::string order;

  Side side(char name, int64_t ns) {
    return {{}, [this, name, ns] {
              now += ns;
              order += name;
              return Status();
            }};
  }
  InterleaveOptions options(uint64_t seed, double turn_ms = 0.001) {
    InterleaveOptions o;
    o.turn_ms = turn_ms;
    o.seed = seed;
    o.now_ns = [this] { return now; };
    return o;
  }
};

std::string turns(const std::string& runs) {
  std::string out;
  for (char c : runs) {
    if (out.empty() || out.back() != c) out += c;
  }
  return out;
}

TEST(Interleave, EveryRunIsTimedButTheFirstOfATurn) {
  Bench bench;
  Interleaver i(bench.options(1));
  auto round = i.round(5, bench.side('a', 100), bench.side('b', 250));
  ASSERT_TRUE(round.ok());
  EXPECT_EQ(round->placement, 5);
  EXPECT_DOUBLE_EQ(round->a_ms, 100e-6);
  EXPECT_DOUBLE_EQ(round->b_ms, 250e-6);
  EXPECT_EQ(i.a_ms().size(), 20u);  // two turns of 1 us
  EXPECT_EQ(i.b_ms().size(), 8u);
  EXPECT_EQ(bench.order.size(), 20u + 8u + 4u);
}

TEST(Interleave, TurnsAreAbbaOrBaabBySeed) {
  int abba = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Bench bench;
    Interleaver i(bench.options(seed));
    ASSERT_TRUE(i.round(0, bench.side('a', 600), bench.side('b', 600)).ok());
    std::string order = turns(bench.order);
    EXPECT_TRUE(order == "aba" || order == "bab") << order;
    abba += order == "aba";
  }
  EXPECT_GT(abba, 30);
  EXPECT_LT(abba, 70);
}

// A machine that slows down by the same amount with every run: both sides are hit alike.
TEST(Interleave, LinearDriftCancels) {
  Bench bench;
  int64_t ns = 1000;
  Side side = {{}, [&] { return bench.now += ns++, Status(); }};
  Interleaver i(bench.options(3, 0.02));
  auto round = i.round(0, side, side);
  EXPECT_NEAR(round->b_ms / round->a_ms, 1, 2e-3);
}

TEST(Interleave, SlowSidesRunAtLeastOncePerTurn) {
  Bench bench;
  Interleaver i(bench.options(1));
  ASSERT_TRUE(i.round(0, bench.side('a', 5'000'000), bench.side('b', 9'000'000)).ok());
  EXPECT_EQ(i.a_ms().size(), 2u);
  EXPECT_EQ(i.b_ms().size(), 2u);
}

TEST(Interleave, ATailTakesTheRunsThatClaimIt) {
  Bench bench;
  InterleaveOptions o = bench.options(1);
  o.percentile = 0.9;
  Interleaver i(o);
  ASSERT_TRUE(i.round(0, bench.side('a', 900), bench.side('b', 900)).ok());
  EXPECT_EQ(i.a_ms().size(), 64u);
  EXPECT_EQ(least_runs(0.99), 662);
}

TEST(Interleave, PreparationIsNotTimed) {
  Bench bench;
  Side side = bench.side('a', 100);
  side.prepare = [&] { return bench.now += 7777, Status(); };
  Interleaver i(bench.options(1));
  auto round = i.round(0, side, side);
  EXPECT_DOUBLE_EQ(round->a_ms, 100e-6);
}

TEST(Interleave, ARunThatFailsEndsTheRound) {
  Bench bench;
  Interleaver i(bench.options(1));
  Side bad = {{}, [] { return internal("broken"); }};
  EXPECT_EQ(i.round(0, bench.side('a', 100), bad).status().text(), "broken");
}

TEST(Interleave, ClockResolves) {
  EXPECT_GT(clock_resolution_ms(), 0);
  EXPECT_LT(clock_resolution_ms(), 0.1);
}

}  // namespace
}  // namespace hone::ship
