#include "ship/measure/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "ship/measure/stats.h"

namespace hone::ship {
namespace {

// Noise of a fixed seed: sums of four uniform numbers, or (autoregressive) each on top of a share
// of the value before.
std::vector<double> noise(size_t n, double share, uint64_t seed) {
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
  std::vector<double> out;
  double value = 0;
  for (size_t i = 0; i < n; ++i) {
    double sum = -2;
    for (int k = 0; k < 4; ++k) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      sum += static_cast<double>(state >> 33) * 0x1p-31;
    }
    value = share * value + sum;
    out.push_back(value);
  }
  return out;
}

// What optimal_block_length() of the Python package arch 8.0.0 says of the same series
// ("circular").
TEST(Bootstrap, BlockLengthIsThatOfPolitisAndWhite) {
  struct Case {
    size_t n;
    double share, block;
  };
  for (Case c : {Case{200, 0, 1.7672518150506875}, Case{200, 0.5, 7.319528807429704},
                 Case{2000, 0.8, 62.330204474389994}, Case{1000, 0.95, 59.46076042170757},
                 Case{1000, -0.5, 13.864094858550233}}) {
    EXPECT_NEAR(dependence(noise(c.n, c.share, 7)).block, std::max(1.0, c.block), 1e-6 * c.block)
        << c.n << " " << c.share;
  }
}

TEST(Bootstrap, DependentSamplesTellLess) {
  EXPECT_GT(dependence(noise(1000, 0, 1)).effective, 700);
  // Of an autoregressive series, n (1 - share) / (1 + share) = 53 are worth as much.
  double few = dependence(noise(1000, 0.9, 1)).effective;
  EXPECT_GT(few, 20);
  EXPECT_LT(few, 130);
}

TEST(Bootstrap, NoIntervalWhereSamplesGiveNone) {
  EXPECT_FALSE(percentile_interval({}, 0.5));
  std::vector<double> five = {1, 2, 3, 4, 5};  // all on one side of the median: 2 x 0.5^5 > 5 %
  EXPECT_FALSE(percentile_interval(five, 0.5));
  EXPECT_TRUE(percentile_interval(noise(20, 0, 1), 0.5));
  EXPECT_FALSE(percentile_interval(noise(300, 0, 1), 0.99));  // 0.99^300 > 2.5 %
  EXPECT_TRUE(percentile_interval(noise(700, 0, 1), 0.99));
}

TEST(Bootstrap, EqualSamplesGiveAPoint) {
  auto i = percentile_interval(std::vector<double>(100, 3.0), 0.9);
  ASSERT_TRUE(i);
  EXPECT_EQ(i->low, 3);
  EXPECT_EQ(i->high, 3);
}

// Of independent samples it is the interval of order statistics: ranks 40 and 61 of 100 (binomial).
TEST(Bootstrap, AgreesWithOrderStatisticsOnIndependentSamples) {
  std::vector<double> v = noise(100, 0, 3), sorted = v;
  std::sort(sorted.begin(), sorted.end());
  auto i = percentile_interval(v, 0.5);
  ASSERT_TRUE(i);
  EXPECT_GE(i->low, sorted[36]);
  EXPECT_LE(i->low, sorted[42]);
  EXPECT_GE(i->high, sorted[57]);
  EXPECT_LE(i->high, sorted[63]);
}

int covered(double share, double p, size_t n, bool shuffled) {
  std::vector<double> many = noise(400000, share, 99);
  std::sort(many.begin(), many.end());
  const double truth = quantile(many, p);
  int hits = 0;
  for (uint64_t trial = 0; trial < 100; ++trial) {
    std::vector<double> v = noise(n + 200, share, 1000 + trial);
    v.erase(v.begin(), v.begin() + 200);
    // In the order of a hash, neighbours are independent: the interval is that of single values.
    std::vector<double> mixed;
    for (size_t i = 0; i < n; ++i) mixed.push_back(v[i * 7919 % n]);
    auto interval = percentile_interval(shuffled ? mixed : v, p);
    if (interval && interval->low <= truth && truth <= interval->high) ++hits;
  }
  return hits;
}

// Of 100, 95; one standard deviation of the count is 2.2.
TEST(Bootstrap, IntervalsCoverTheTruthAsOftenAsTheySay) {
  EXPECT_GE(covered(0, 0.5, 400, false), 89);
  EXPECT_GE(covered(0, 0.9, 400, false), 89);
  EXPECT_GE(covered(0.8, 0.5, 1000, false), 87);
  EXPECT_GE(covered(0.8, 0.9, 1000, false), 86);
}

TEST(Bootstrap, SingleValuesInsteadOfBlocksWouldNot) {
  EXPECT_LE(covered(0.8, 0.5, 1000, true), 70);  // 95 % said, less than 70 % kept
}

TEST(Bootstrap, SameSamplesGiveTheSameBits) {
  std::vector<double> v = noise(3000, 0.7, 5);
  auto a = percentile_interval(v, 0.95), b = percentile_interval(v, 0.95);
  EXPECT_EQ(a->low, b->low);
  EXPECT_EQ(a->high, b->high);
}

TEST(Bootstrap, OfManySamplesItIsFast) {
  std::vector<double> v = noise(300000, 0.9, 5);
  auto start = std::chrono::steady_clock::now();
  auto i = percentile_interval(v, 0.99);
  auto took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(i);
  EXPECT_LT(i->low, i->high);
  EXPECT_LT(std::chrono::duration<double>(took).count(), 10);  // 0.3 s, a sanitizer's 3
}

}  // namespace
}  // namespace hone::ship
