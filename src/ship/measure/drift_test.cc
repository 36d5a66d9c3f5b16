#include "ship/measure/drift.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace hone::ship {
namespace {

struct Series {
  std::vector<double> t, v;
};
// 1 ms that changes by `percent` over 100 points, each scattered by `noise` percent.
Series series(double percent, double noise, uint64_t seed = 1) {
  std::mt19937_64 rng(seed);
  std::normal_distribution<double> normal;
  Series s;
  for (int i = 0; i < 100; ++i) {
    s.t.push_back(i * 0.1);
    s.v.push_back(1 + percent / 100 * i / 99 + noise / 100 * normal(rng));
  }
  return s;
}

Drift of(const Series& s) { return find_drift(s.t, s.v); }

TEST(Drift, TheilSenIsTheSlope) {
  const std::vector<double> x = {0, 1, 2, 3, 4, 5, 6}, y = {1, 3, 5, 900, 9, 11, 13};
  EXPECT_DOUBLE_EQ(theil_sen(x, y), 2);
  EXPECT_EQ(theil_sen(std::vector<double>{1, 1}, std::vector<double>{1, 5}), 0);
  EXPECT_EQ(theil_sen({}, {}), 0);
}

TEST(Drift, SlowingDownIsSeen) {
  const Drift d = of(series(10, 1));
  EXPECT_NEAR(d.percent, 9.5, 1.5);  // of the median, which is 5 % above the start
  EXPECT_TRUE(d.notable());
  EXPECT_TRUE(of(series(-10, 1)).notable());
  EXPECT_LT(of(series(-10, 1)).percent, -8);
}

TEST(Drift, NoiseAndSmallTrendsAreNot) {
  EXPECT_FALSE(of(series(2, 0.1)).notable());  // significant, and below the limit
  EXPECT_TRUE(of(series(2, 0.1)).significant);
  EXPECT_EQ(of(series(0, 0)).percent, 0);
  int alarms = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) alarms += of(series(0, 20, seed)).notable();
  EXPECT_LE(alarms, 3);  // 0.3 % are beyond three standard deviations
}

// A third of the points from a neighbour that came and went does not make a trend.
TEST(Drift, ADisturbanceInTheMiddleIsNoTrend) {
  Series s = series(0, 1);
  for (size_t i = 35; i < 65; ++i) s.v[i] += 2;
  EXPECT_FALSE(of(s).notable());
}

TEST(Drift, FewPointsDecideNothing) {
  const std::vector<double> t = {0, 1, 2, 3, 4}, v = {1, 2, 3, 4, 5};
  EXPECT_FALSE(find_drift(t, v).significant);
  EXPECT_EQ(find_drift({}, {}).percent, 0);
}

}  // namespace
}  // namespace hone::ship
