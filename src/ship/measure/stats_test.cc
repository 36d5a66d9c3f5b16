#include "ship/measure/stats.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone::ship {
namespace {

TEST(Stats, SamplesNeededAreLoadGens) {
  EXPECT_EQ(samples_needed(0.5), 11);
  EXPECT_EQ(samples_needed(0.9), 64);
  EXPECT_EQ(samples_needed(0.95), 130);
  EXPECT_EQ(samples_needed(0.99), 662);
  EXPECT_EQ(samples_needed(0.999), 6636);
}

TEST(Stats, PercentilesAreClaimedOnlyFromEnoughSamples) {
  std::vector<double> samples;
  for (int i = 1; i <= 129; ++i) samples.push_back(i);
  Summary s = summarize(samples);
  EXPECT_EQ(s.percentiles[0].value, 65);
  EXPECT_EQ(s.percentiles[1].value, 117);
  EXPECT_FALSE(s.percentiles[2].value.has_value());  // p95 needs 130
  samples.push_back(130);
  EXPECT_TRUE(summarize(samples).percentiles[2].value.has_value());
}

TEST(Stats, NearestRank) {
  std::vector<double> v = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(quantile(v, 0.9), 9);
  EXPECT_EQ(quantile(v, 0.91), 10);
  EXPECT_EQ(quantile(v, 0.5), 5);
}

TEST(Stats, EmptyAndSingle) {
  EXPECT_EQ(summarize({}).samples, 0);
  Summary s = summarize({3.0});
  EXPECT_EQ(s.mean, 3);
  EXPECT_EQ(s.stddev, 0);
  EXPECT_FALSE(s.percentiles[0].value.has_value());
}

TEST(Stats, MedianAndItsSpread) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 5, 3}), 3);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(robust_stddev({5, 5, 5, 5, 1e9}), 0);
  EXPECT_DOUBLE_EQ(robust_stddev({1, 2, 3, 4, 1e9}), 1.4826);
}

TEST(Stats, Names) {
  EXPECT_EQ(percentile_name(0.5), "p50");
  EXPECT_EQ(percentile_name(0.999), "p99.9");
}

}  // namespace
}  // namespace hone::ship
