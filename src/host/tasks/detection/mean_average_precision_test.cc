#include "host/tasks/detection/mean_average_precision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace hone::tasks {
namespace {

Truth truth(double x, double y, double width, double height, int32_t label = 0) {
  Truth t;
  t.x = x, t.y = y, t.width = width, t.height = height, t.label = label;
  return t;
}

// pycocotools judges the rest in tests/tasks/test_map.py; these are small enough to follow by hand.
TEST(MeanAveragePrecision, ByHand) {
  MeanAveragePrecision map;
  // The first overlaps by 0.8, so it is right at 7 of 10 thresholds; the second finds nothing.
  map.add(std::vector<Box>{{0, 0, 100, 80, .9f, 1}, {200, 200, 210, 210, .8f, 1}},
          std::vector<Truth>{truth(0, 0, 100, 100, 1)});
  PrecisionSummary s = map.summary();
  EXPECT_EQ(map.pictures(), 1);
  EXPECT_NEAR(s.map50_95, .7, 1e-12);
  EXPECT_NEAR(s.map50, 1, 1e-12);
  EXPECT_NEAR(s.map75, 1, 1e-12);
  EXPECT_NEAR(s.recall_1, .7, 1e-12);
  EXPECT_TRUE(std::isnan(s.map_small));
  EXPECT_NEAR(s.map_large, .7, 1e-12);
  ASSERT_EQ(s.classes.size(), 2u);
  EXPECT_TRUE(std::isnan(s.classes[0].map50_95));
  EXPECT_EQ(s.classes[1].truths, 1);
  // A better-scored wrong box in another picture halves the precision.
  map.add(std::vector<Box>{{0, 0, 9, 9, .95f, 1}}, std::vector<Truth>{});
  s = map.summary();
  EXPECT_NEAR(s.map50, .5, 1e-12);
  EXPECT_NEAR(s.map50_95, .35, 1e-12);
}

TEST(MeanAveragePrecision, IgnoresBoxesThatAreNotFinite) {
  MeanAveragePrecision map;
  map.add(std::vector<Box>{{0, 0, NAN, 10, .9f, 0}, {0, 0, 10, 10, NAN, 0}, {0, 0, 10, 10, .5f, 0}},
          std::vector<Truth>{truth(0, 0, 10, 10)});
  EXPECT_NEAR(map.summary().map50_95, 1, 1e-12);
}

TEST(MeanAveragePrecision, OverPicturesCountsAsOftenAsTheyAreDrawn) {
  MeanAveragePrecision map;
  map.add(std::vector<Box>{{0, 0, 10, 10, .5f, 0}}, std::vector<Truth>{truth(0, 0, 10, 10)});
  map.add(std::vector<Box>{{0, 0, 10, 10, .9f, 0}}, std::vector<Truth>{truth(50, 50, 10, 10)});
  const MapOverPictures over = map.over_pictures();
  map.add(std::vector<Box>{}, std::vector<Truth>{truth(50, 50, 10, 10)});  // not what `over` has
  const auto of = [&](std::vector<int32_t> pictures) { return over(pictures); };
  EXPECT_NEAR(of({0}), 100, 1e-9);
  EXPECT_NEAR(of({1}), 0, 1e-9);
  // One wrong box, then k right ones of 1 + k: recalls up to k / (1 + k) at precision k / (1 + k).
  EXPECT_NEAR(of({0, 1}), 100 * .5 * 51 / 101, 1e-9);
  EXPECT_NEAR(of({0, 1, 0, 0}), 100 * .75 * 76 / 101, 1e-9);
  EXPECT_TRUE(std::isnan(of({})));
}

}  // namespace
}  // namespace hone::tasks
