#include "host/tasks/classification.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/tasks/evaluator.h"

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

std::unique_ptr<Evaluator> top1(size_t classes) {
  TaskSpec spec;
  spec.task = "classification";
  for (size_t i = 0; i < classes; ++i) spec.labels.push_back(std::to_string(i));
  auto made = make_evaluator(spec);
  EXPECT_TRUE(made.ok()) << made.status().text();
  return std::move(*made);
}

Status add(Evaluator* e, int64_t label, std::vector<float> values) {
  Sample s;
  s.label = label;
  const Tensor outputs[] = {scores(std::move(values))};
  return e->add(s, outputs, {});
}

// Six samples of three classes, written out by hand: 0 right 1 of 2, 1 right 2 of 3, 2 right 0
// of 1.
TEST(Classification, CountsByTrueClass) {
  auto e = top1(3);
  const std::pair<int64_t, std::vector<float>> all[] = {{0, {9, 1, 2}}, {0, {1, 9, 2}},
                                                        {1, {1, 9, 2}}, {1, {0, 4, 3}},
                                                        {1, {0, 3, 4}}, {2, {5, 3, 4}}};
  for (const auto& [label, values] : all) {
    ASSERT_TRUE(add(e.get(), label, values).ok());
  }
  EXPECT_EQ(e->samples(), 6);
  EXPECT_DOUBLE_EQ(e->value(), 50);
  const std::vector<ClassScore> classes = e->classes();
  ASSERT_EQ(classes.size(), 3u);
  EXPECT_EQ(classes[0].samples, 2);
  EXPECT_EQ(classes[1].samples, 3);
  EXPECT_DOUBLE_EQ(classes[0].value, 50);
  EXPECT_DOUBLE_EQ(classes[1].value, 200.0 / 3);
  EXPECT_DOUBLE_EQ(classes[2].value, 0);
  EXPECT_EQ(std::vector<uint8_t>(e->hits().begin(), e->hits().end()),
            (std::vector<uint8_t>{1, 0, 1, 1, 0, 0}));
  EXPECT_EQ(std::vector<int64_t>(e->truths().begin(), e->truths().end()),
            (std::vector<int64_t>{0, 0, 1, 1, 1, 2}));
  const int32_t some[] = {0, 0, 0, 1};
  EXPECT_DOUBLE_EQ(e->value_of(some), 75);
}

TEST(Classification, NothingCountedIsZeroPercent) {
  auto e = top1(3);
  EXPECT_EQ(e->value(), 0);
  EXPECT_EQ(e->value_of({}), 0);
  ASSERT_TRUE(add(e.get(), 0, {1, 0, 0}).ok());
  EXPECT_EQ(e->classes()[2].value, 0);  // no sample of it
}

TEST(Classification, RefusesWhatIsNoClass) {
  auto e = top1(2);
  EXPECT_EQ(add(e.get(), 7, {1, 0}).text(), "sample 0 has label 7, there are 2 classes");
  EXPECT_EQ(add(e.get(), -1, {1, 0}).code(), Code::invalid_argument);
  EXPECT_EQ(add(e.get(), 0, {1, 0, 0}).text(), "the model gives 3 scores, there are 2 labels");
  EXPECT_EQ(e->samples(), 0);
}

TEST(Evaluator, NamesWhatItLacks) {
  EXPECT_EQ(make_evaluator({"guessing", "", {"a"}, {}, {}, {}}).status().text(),
            "no task 'guessing'");
  EXPECT_EQ(make_evaluator({"classification", "", {}, {}, {}, {}}).status().text(),
            "classification needs the names of its classes");
}

}  // namespace
}  // namespace hone::tasks
