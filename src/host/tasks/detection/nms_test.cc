#include "host/tasks/detection/nms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hone::tasks {
namespace {

Box box(float x0, float y0, float x1, float y1, float score, int32_t label = 0) {
  return {x0, y0, x1, y1, score, label};
}

TEST(Iou, OfBoxes) {
  EXPECT_EQ(iou(box(0, 0, 2, 2, 1), box(0, 0, 2, 2, 1)), 1);
  EXPECT_EQ(iou(box(0, 0, 2, 2, 1), box(1, 0, 3, 2, 1)), 2.f / 6);
  EXPECT_EQ(iou(box(0, 0, 2, 2, 1), box(2, 0, 3, 2, 1)), 0);  // an edge in common
  EXPECT_EQ(iou(box(2, 2, 0, 0, 1), box(0, 0, 2, 2, 1)), 0);  // inside out
  EXPECT_EQ(iou(box(0, 0, NAN, 2, 1), box(0, 0, 2, 2, 1)), 0);
  EXPECT_EQ(iou(box(-1e30f, -1e30f, 1e30f, 1e30f, 1), box(-1e30f, -1e30f, 1e30f, 1e30f, 1)), 0);
}

NmsOptions at(float iou_threshold) {
  NmsOptions o;
  o.iou_threshold = iou_threshold;
  return o;
}

TEST(Nms, DropsWhatOverlapsABetterBoxByMore) {
  const std::vector<Box> boxes{box(0, 0, 10, 10, .5f), box(0, 0, 10, 5, .9f),
                               box(0, 0, 10, 9, .7f)};
  // .9 overlaps .5 by exactly one half, which is not more.
  const auto kept = nms(boxes, at(.5f));
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].score, .9f);
  EXPECT_EQ(kept[1].score, .5f);
  EXPECT_EQ(nms(boxes, at(.49f)).size(), 1u);
  EXPECT_EQ(nms(boxes, at(1)).size(), 3u);
}

// A box that was dropped suppresses nothing.
TEST(Nms, IsGreedy) {
  const std::vector<Box> chain{box(0, 0, 10, 10, .9f), box(4, 0, 14, 10, .8f),
                               box(8, 0, 18, 10, .7f)};
  const auto kept = nms(chain, at(.4f));
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[1].x0, 8);
}

TEST(Nms, OfEqualScoresTheFirstStays) {
  std::vector<Box> same;
  for (int i = 0; i < 50; ++i) same.push_back(box(static_cast<float>(i) / 100, 0, 10, 10, .5f));
  const auto kept = nms(same, at(.5f));
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].x0, 0);
}

TEST(Nms, KeepsClassesApart) {
  const std::vector<Box> boxes{box(0, 0, 10, 10, .5f, 1), box(0, 0, 10, 10, .6f, 2)};
  NmsOptions o = at(.5f);
  EXPECT_EQ(nms(boxes, o).size(), 2u);
  o.class_agnostic = true;
  ASSERT_EQ(nms(boxes, o).size(), 1u);
  EXPECT_EQ(nms(boxes, o)[0].label, 2);
}

TEST(Nms, HoldsItsLimits) {
  std::vector<Box> apart;
  for (int i = 0; i < 20; ++i) {
    const auto x = static_cast<float>(20 * i);
    apart.push_back(box(x, 0, x + 10, 10, static_cast<float>(i) / 20));
  }
  NmsOptions o;
  o.score_threshold = .5f;  // only what is above it: i of 11 and more
  EXPECT_EQ(nms(apart, o).size(), 9u);
  o.max_candidates = 5;
  ASSERT_EQ(nms(apart, o).size(), 5u);
  EXPECT_EQ(nms(apart, o)[0].x0, 380);
  o.max_detections = 2;
  EXPECT_EQ(nms(apart, o).size(), 2u);
  o.max_detections = -1;
  EXPECT_EQ(nms(apart, o).size(), 0u);
}

TEST(Nms, DropsWhatIsNotFinite) {
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_EQ(nms({box(0, 0, 1, 1, NAN), box(0, 0, 1, 1, infinite), box(0, NAN, 1, 1, .5f),
                 box(0, 0, infinite, 1, .5f), box(0, 0, 1, 1, .5f)},
                {})
                .size(),
            1u);
}

}  // namespace
}  // namespace hone::tasks
