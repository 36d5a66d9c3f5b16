#include "host/tasks/classification.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone::tasks {
namespace {

Tensor scores(std::vector<float> v) {
  const auto n = static_cast<int64_t>(v.size());
  return Tensor::of<float>({1, n}, v);
}

TEST(Classification, ArgMaxIsNumPys) {
  EXPECT_EQ(arg_max(scores({1, 5, 3})), 1);
  EXPECT_EQ(arg_max(scores({2, 7, 7, 1})), 1);  // the first of equals
  EXPECT_EQ(arg_max(scores({-3, -1, -2})), 1);
  EXPECT_EQ(arg_max(scores({-INFINITY, -5})), 1);
  EXPECT_EQ(arg_max(scores({0, INFINITY, 9})), 1);
  EXPECT_EQ(arg_max(Tensor::of<int64_t>({3}, {4, 9, 9})), 1);
}

TEST(Classification, NanNeverWins) {
  EXPECT_EQ(arg_max(scores({NAN, 1, 2})), 2);
  EXPECT_EQ(arg_max(scores({1, NAN, 0})), 0);
  EXPECT_EQ(arg_max(scores({NAN, NAN})), 0);
}

// Six samples of three classes, written out by hand: 0 right 1 of 2, 1 right 2 of 3, 2 right 0
// of 1.
TEST(Classification, CountsByTrueClass) {
  Accuracy a;
  add_sample(&a, scores({9, 1, 2}), 0, 3);
  add_sample(&a, scores({1, 9, 2}), 0, 3);
  add_sample(&a, scores({1, 9, 2}), 1, 3);
  add_sample(&a, scores({0, 4, 3}), 1, 3);
  add_sample(&a, scores({0, 3, 4}), 1, 3);
  add_sample(&a, scores({5, 3, 4}), 2, 3);
  EXPECT_EQ(a.samples, 6);
  EXPECT_EQ(a.right, 3);
  EXPECT_DOUBLE_EQ(a.percent(), 50);
  ASSERT_EQ(a.classes.size(), 3u);
  EXPECT_EQ(a.classes[0].samples, 2);
  EXPECT_EQ(a.classes[1].samples, 3);
  EXPECT_DOUBLE_EQ(a.class_percent(0), 50);
  EXPECT_DOUBLE_EQ(a.class_percent(1), 200.0 / 3);
  EXPECT_DOUBLE_EQ(a.class_percent(2), 0);
  EXPECT_EQ(a.hits, (std::vector<uint8_t>{1, 0, 1, 1, 0, 0}));
}

TEST(Classification, NothingCountedIsZeroPercent) {
  Accuracy a;
  EXPECT_EQ(a.percent(), 0);
  add_sample(&a, scores({1, 0, 0}), 0, 3);
  EXPECT_EQ(a.class_percent(2), 0);  // no sample of it
}

// A label the model has no score for is a miss of no class.
TEST(Classification, LabelsBeyondTheClasses) {
  Accuracy a;
  add_sample(&a, scores({1, 0}), 7, 2);
  EXPECT_EQ(a.samples, 1);
  EXPECT_EQ(a.right, 0);
  EXPECT_EQ(a.classes[0].samples + a.classes[1].samples, 0);
}

}  // namespace
}  // namespace hone::tasks
