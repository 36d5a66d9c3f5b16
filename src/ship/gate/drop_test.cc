#include "ship/gate/drop.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ship/gate/holm.h"
#include "ship/gate/needed.h"
#include "ship/gate/share.h"

namespace hone::ship {
namespace {

// The first is the example of Fagerland, Lydersen and Laake (1, 7 of 21: -0.517 to -0.026); the
// others come from a program that shares no formula with drop.cc: it finds the likeliest shares
// under each difference by searching the likelihood, and the bounds by bisection.
TEST(Drop, TangosInterval) {
  struct Row {
    int64_t lost, gained, samples;
    double low, high;
  };
  const Row rows[] = {{1, 7, 21, -51.723228, -2.600303},  {40, 20, 160, 3.086453, 21.806424},
                      {0, 0, 50, -7.134760, 7.134760},    {0, 0, 2000, -0.191705, 0.191705},
                      {50, 0, 1000, 3.813026, 6.531382},  {10, 0, 1000, 0.544075, 1.830947},
                      {100, 1, 2000, 4.069808, 5.998380}, {3, 1, 100, -2.812404, 7.604788},
                      {5, 0, 5, 13.103507, 100},          {60, 55, 2000, -0.812875, 1.319520}};
  for (const Row& r : rows) {
    const Drop d = drop_of({"", r.samples, r.lost, r.gained});
    EXPECT_NEAR(d.low, r.low, 1e-5) << r.lost << " " << r.gained;
    EXPECT_NEAR(d.high, r.high, 1e-5) << r.lost << " " << r.gained;
    const Drop mirrored = drop_of({"", r.samples, r.gained, r.lost});
    EXPECT_DOUBLE_EQ(mirrored.low, -d.high);
    EXPECT_DOUBLE_EQ(mirrored.high, -d.low);
  }
  const Drop none = drop_of({"", 0, 0, 0});
  EXPECT_EQ(none.low, -100);
  EXPECT_EQ(none.high, 100);
}

TEST(Drop, BoundsAreWhereTheScoreTestTurns) {
  for (int64_t lost = 0; lost <= 30; lost += 3) {
    for (int64_t gained = 0; gained <= 30; gained += 5) {
      const Paired p{"", 200, lost, gained};
      const Drop d = drop_of(p);
      EXPECT_LE(d.low, d.points);
      EXPECT_LE(d.points, d.high);
      EXPECT_NEAR(drop_z(p, d.high), -1.959964, 1e-6);
      EXPECT_NEAR(drop_z(p, d.low), 1.959964, 1e-6);
    }
  }
}

// Binomial of one half: P(X >= 5 of 5) = 1/32; P(X >= 8 of 10) = 56/1024; P(X >= 6 of 10) by hand.
TEST(Drop, McNemarIsExact) {
  EXPECT_DOUBLE_EQ(mcnemar_more_lost({"", 100, 5, 0}), 1.0 / 32);
  EXPECT_NEAR(mcnemar_more_lost({"", 100, 8, 2}), 56.0 / 1024, 1e-12);
  EXPECT_NEAR(mcnemar({"", 100, 8, 2}), 112.0 / 1024, 1e-12);
  EXPECT_NEAR(mcnemar({"", 100, 2, 8}), 112.0 / 1024, 1e-12);
  EXPECT_EQ(mcnemar({"", 100, 0, 0}), 1);
  EXPECT_EQ(mcnemar({"", 100, 4, 4}), 1);
  EXPECT_EQ(mcnemar_more_lost({"", 100, 0, 9}), 1);
}

// Four lost, none gained: the score says z = 2, the exact test 1/16.
TEST(Drop, FewSamplesShowNoMoreThanTheExactTest) {
  EXPECT_NEAR(drop_z({"", 50, 4, 0}, 0), 2, 1e-12);
  EXPECT_NEAR(drop_p({"", 50, 4, 0}, 0), 1.0 / 16, 1e-12);
  EXPECT_NEAR(drop_p({"", 2000, 80, 20}, 0.5), 1e-6, 1e-6);
  EXPECT_EQ(drop_p({"", 0, 0, 0}, 0.5), 1);
  EXPECT_EQ(drop_p({"", 10, 10, 0}, 100), 1);
  EXPECT_EQ(drop_p({"", 10, 0, 0}, 0), 1);
}

// Worked by hand: 0.01, 0.04, 0.03, 0.005 of four.
TEST(Holm, StepsDown) {
  const double p[] = {0.01, 0.04, 0.03, 0.005};
  const std::vector<double> a = holm(p);
  EXPECT_DOUBLE_EQ(a[3], 0.02);
  EXPECT_DOUBLE_EQ(a[0], 0.03);
  EXPECT_DOUBLE_EQ(a[2], 0.06);
  EXPECT_DOUBLE_EQ(a[1], 0.06);  // never less than a smaller one's
  EXPECT_TRUE(holm({}).empty());
  EXPECT_EQ(holm(std::vector<double>{0.9, 0.8})[1], 1);
}

TEST(Needed, SamplesOfADropMeetItsLimit) {
  const Paired p{"", 2000, 20, 18};
  const int64_t n = *samples_for_drop(p, 0.5, deviate(tail));
  EXPECT_GT(n, 2000);
  const auto scaled = [&](double by) {  // whole pairs: a pair more is 0.02 points
    return Paired{"", std::llround(2000 * by), std::llround(20 * by), std::llround(18 * by)};
  };
  const double by = static_cast<double>(n) / 2000;
  EXPECT_NEAR(drop_of(scaled(by)).high, 0.5, 0.02);
  EXPECT_GT(drop_of(scaled(0.9 * by)).high, 0.5);
  // Nothing differs: z^2 (1 - limit) / limit samples, 765 for half a point.
  EXPECT_EQ(samples_for_drop({"", 100, 0, 0}, 0.5, deviate(tail)), 765);
  EXPECT_LE(drop_of({"", 765, 0, 0}).high, 0.5);
  EXPECT_GT(drop_of({"", 764, 0, 0}).high, 0.5);
  EXPECT_FALSE(samples_for_drop({"", 1000, 5, 0}, 0.5, deviate(tail)));  // on the limit
  EXPECT_FALSE(samples_for_drop({"", 0, 0, 0}, 0.5, deviate(tail)));
  EXPECT_FALSE(samples_for_drop({"", 1000, 0, 0}, 0, deviate(tail)));
}

TEST(Needed, SamplesOfOtherFigures) {
  EXPECT_EQ(samples_for_bound(1000, 1, 1.2, 1.1), 4000);
  EXPECT_EQ(samples_for_bound(1000, 1.2, 1.0, 1.1), 4000);
  EXPECT_FALSE(samples_for_bound(1000, 1, 1.2, 1));
  EXPECT_FALSE(samples_for_bound(1000, 1, 1.2, 1 + 1e-9));  // more than anybody measures
  EXPECT_EQ(samples_for_percentile(0.5), 6);
  EXPECT_EQ(samples_for_percentile(0.95), 72);
  EXPECT_EQ(samples_for_percentile(0.99), 368);
  EXPECT_EQ(samples_for_percentile(0.999), 3688);
  EXPECT_EQ(samples_for_no_event(0.01), 368);
  EXPECT_FALSE(samples_for_no_event(0));
  EXPECT_EQ(needed_text(1234567), "; 1,234,567 samples would decide");
  EXPECT_EQ(needed_text(999), "; 999 samples would decide");
  EXPECT_EQ(needed_text(std::nullopt), "; no number of samples would decide");
}

// Clopper and Pearson's: 0 of n gives 1 - 0.025^(1/n); 4 of 40 from tables (0.0279, 0.2366).
TEST(Share, IsExact) {
  EXPECT_NEAR(share_of(0, 100).high, 1 - std::pow(0.025, 0.01), 1e-12);
  EXPECT_EQ(share_of(0, 100).low, 0);
  EXPECT_NEAR(share_of(4, 40).low, 0.0279, 5e-5);
  EXPECT_NEAR(share_of(4, 40).high, 0.2366, 5e-5);
  EXPECT_EQ(share_of(7, 7).high, 1);
  EXPECT_EQ(share_of(0, 0).high, 1);
  EXPECT_EQ(share_of(9, 7).high, 1);
}

TEST(Share, StreaksAreFewerEvents) {
  const Share apart = share_of(20, 1000, 1), streaks = share_of(20, 1000, 5);
  EXPECT_EQ(streaks.value, apart.value);
  EXPECT_NEAR(streaks.low, share_of(4, 200).low, 1e-12);
  EXPECT_NEAR(streaks.high, share_of(4, 200).high, 1e-12);
  EXPECT_LT(streaks.low, apart.low);
  EXPECT_GT(streaks.high, apart.high);
}

}  // namespace
}  // namespace hone::ship
