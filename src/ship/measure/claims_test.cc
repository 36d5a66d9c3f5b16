#include "ship/measure/claims.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "ship/measure/stats.h"

namespace hone::ship {
namespace {

std::vector<double> to_n(int64_t n) {
  std::vector<double> v;
  for (int64_t i = 1; i <= n; ++i) v.push_back(static_cast<double>(i));
  return v;
}

// What LoadGen reports as p99, from runs of it (mlcommons/inference b66003e1).
TEST(Claims, BoundsAreLoadGens) {
  EXPECT_EQ(upper_bound(to_n(661), 0.99), std::nullopt);
  EXPECT_EQ(upper_bound(to_n(662), 0.99), 662);
  EXPECT_EQ(upper_bound(to_n(1000), 0.99), 999);
  EXPECT_EQ(upper_bound(to_n(3000), 0.99), 2984);
  EXPECT_EQ(upper_bound(to_n(10'000), 0.99), 9924);
  EXPECT_EQ(upper_bound(to_n(100'000), 0.99), 99'074);
  EXPECT_EQ(upper_bound({}, 0.5), std::nullopt);
}

// The table of how many samples allow t over the limit, by percentile.
TEST(Claims, EarlyStoppingTable) {
  const struct {
    double p;
    int64_t n[4];  // for t = 1, 2, 5, 10
  } rows[] = {{0.5, {11, 14, 22, 35}},
              {0.9, {64, 81, 127, 197}},
              {0.95, {130, 165, 259, 398}},
              {0.99, {662, 838, 1307, 2010}},
              {0.999, {6636, 8403, 13105, 20140}}};
  for (const auto& row : rows) {
    const int64_t t[] = {1, 2, 5, 10};
    for (int k = 0; k < 4; ++k) {
      EXPECT_EQ(early_stopping_t(row.n[k], row.p), t[k]) << row.p << " " << row.n[k];
      EXPECT_EQ(early_stopping_t(row.n[k] - 1, row.p), t[k] - 1) << row.p << " " << row.n[k];
    }
    EXPECT_EQ(samples_needed(row.p), row.n[0]);
  }
}

// Published ranks: 2 and 8 of 9 hold the median with 96.1 %, 10 and 22 of 31 with 97.1 %.
TEST(Claims, IntervalsByTheBinomialTable) {
  std::vector<double> nine = {5, 1, 9, 3, 7, 2, 8, 4, 6};  // no neighbours alike
  auto q = quantile_interval(to_n(9), nine, 0.5);
  ASSERT_TRUE(q);
  EXPECT_EQ(q->interval.low, 2);
  EXPECT_EQ(q->interval.high, 8);
  EXPECT_FALSE(quantile_interval(to_n(5), to_n(5), 0.5));  // 2.5 % lie below all five
  EXPECT_FALSE(quantile_interval(to_n(9), nine, 0.99));
  EXPECT_FALSE(quantile_interval({}, {}, 0.5));
}

double held(double correlation, double p, double truth, size_t n, double* effective) {
  std::mt19937_64 rng(7);
  std::normal_distribution<double> normal;
  int in = 0;
  constexpr int trials = 400;
  for (int k = 0; k < trials; ++k) {
    std::vector<double> x(n);
    double state = normal(rng);
    for (double& v : x) {
      state = correlation * state + std::sqrt(1 - correlation * correlation) * normal(rng);
      v = state;
    }
    std::vector<double> sorted = x;
    std::sort(sorted.begin(), sorted.end());
    auto q = quantile_interval(sorted, x, p);
    if (!q) continue;
    *effective += q->effective / trials;
    in += q->interval.low <= truth && truth <= q->interval.high;
  }
  return static_cast<double>(in) / trials;
}

// 95 % of intervals hold the true quantile; 400 trials scatter by 1.1 %, of which 4 are allowed
// below. Of an AR(1) series with correlation 0.9 as well, where 1,000 samples tell of the median
// what 70 independent ones do (arcsine law: sum of 2 / pi asin(0.9^k)); taken for independent, the
// interval would hold it in half of the trials.
TEST(Claims, IntervalsHoldWhatTheySay) {
  double effective = 0;
  const double plain = held(0, 0.9, 1.281552, 300, &effective);
  EXPECT_GT(plain, 0.905);
  EXPECT_GT(effective, 200);
  effective = 0;
  EXPECT_GT(held(0.9, 0.5, 0, 1000, &effective), 0.89);
  EXPECT_GT(effective, 40);
  EXPECT_LT(effective, 140);
}

// Batches of many samples say the same as single ones: 100,000 independent samples in batches of 5
// tell what they are.
TEST(Claims, ManySamplesAreTakenInBatches) {
  std::mt19937_64 rng(3);
  std::normal_distribution<double> normal;
  std::vector<double> x(100'000);
  for (double& v : x) v = normal(rng);
  std::vector<double> sorted = x;
  std::sort(sorted.begin(), sorted.end());
  auto q = quantile_interval(sorted, x, 0.5);
  ASSERT_TRUE(q);
  EXPECT_GT(q->effective, 70'000);
  // Half width 1.96 sqrt(pi / 2 / n) = 0.0078 at the median of a normal distribution.
  EXPECT_NEAR(q->interval.high - q->interval.low, 0.0155, 0.004);
}

}  // namespace
}  // namespace hone::ship
