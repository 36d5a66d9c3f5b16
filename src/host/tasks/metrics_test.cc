// Top-k, F1 and PSNR on cases worked out by hand; NumPy and scikit-learn judge random ones in
// tests/tasks/test_metrics.py.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/tasks/f1.h"
#include "host/tasks/psnr.h"
#include "host/tasks/topk.h"

namespace hone::tasks {
namespace {

Tensor row(std::vector<float> v) {
  const auto n = static_cast<int64_t>(v.size());
  return Tensor::of<float>({1, n}, v);
}

TEST(TopK, TiesGoToTheFirstAndNanToTheEnd) {
  const Tensor s = row({2, 7, 7, NAN, 1, NAN});
  const int64_t ranks[] = {2, 0, 1, 4, 3, 5};
  for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(rank_of(s, i), ranks[i]) << i;
}

TEST(TopK, CountsAndDrawsAnew) {
  TopK t(2);
  EXPECT_EQ(t.value(), 0);
  ASSERT_TRUE(t.add(row({1, 2, 3}), 2).ok());
  ASSERT_TRUE(t.add(row({1, 2, 3}), 1).ok());
  ASSERT_TRUE(t.add(row({1, 2, 3}), 0).ok());
  EXPECT_DOUBLE_EQ(t.value(), 200.0 / 3);
  EXPECT_DOUBLE_EQ(t.value_of(std::vector<int32_t>{0, 2, 2, 2}), 25);
  EXPECT_EQ(t.value_of({}), 0);
  EXPECT_EQ(t.add(row({1, 2}), 2).text(), "sample 3 has label 2, the model gives 2 scores");
  EXPECT_EQ(t.samples(), 3);
}

// Class 0: 1 right, 1 predicted, 2 labelled; 1: 1, 2, 1; 2: 0, 1, 1; 3: nobody's.
TEST(F1, ByEachAverage) {
  const std::pair<int64_t, int64_t> samples[] = {{0, 0}, {0, 1}, {1, 1}, {2, 2}};
  F1 binary(2, F1Average::binary), macro(4, F1Average::macro), micro(4, F1Average::micro);
  for (const auto& [label, predicted] : {std::pair{0, 0}, {0, 1}, {1, 1}}) {
    ASSERT_TRUE(binary.add(label, predicted).ok());
  }
  for (const auto& [label, predicted] : samples) {
    ASSERT_TRUE(macro.add(label, predicted).ok());
    ASSERT_TRUE(micro.add(label, predicted).ok());
  }
  EXPECT_DOUBLE_EQ(binary.value(), 200.0 / 3);
  EXPECT_DOUBLE_EQ(macro.value(), (200.0 / 3 + 200.0 / 3 + 100) / 3);
  EXPECT_DOUBLE_EQ(micro.value(), 75);
  EXPECT_DOUBLE_EQ(macro.value_of(std::vector<int32_t>{3, 3}), 100);
  EXPECT_EQ(macro.class_values()[3], 0);
}

TEST(F1, NothingToDivideByIsNull) {
  F1 f(2, F1Average::binary);
  EXPECT_EQ(f.value(), 0);
  ASSERT_TRUE(f.add(0, 0).ok());
  EXPECT_EQ(f.value(), 0);  // the positive class neither occurs nor is predicted
  EXPECT_EQ(F1(3, F1Average::macro).value(), 0);
  EXPECT_EQ(f.add(0, 2).text(), "sample 1: class 2, there are 2");
  EXPECT_EQ(f.add(-1, 0).code(), Code::invalid_argument);
}

TEST(Psnr, DecibelsOfAKnownError) {
  Psnr p({255, 0, false, false});
  ASSERT_TRUE(p.add(Tensor::of<float>({1, 1, 2, 2}, {10, 20, 30, 42}),
                    Tensor::of<uint8_t>({2, 2}, {10, 20, 30, 40}))
                  .ok());
  EXPECT_DOUBLE_EQ(p.value(), 10 * std::log10(255.0 * 255));  // mean square 4 / 4
  ASSERT_TRUE(p.add(row({1}).reshaped({1, 1}), row({1}).reshaped({1, 1})).ok());
  EXPECT_EQ(p.value(), std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ(p.value_of(std::vector<int32_t>{0, 0}), p.decibels()[0]);
}

TEST(Psnr, BordersDoNotCount) {
  Tensor made(DType::f32, {1, 4, 4}), truth(DType::f32, {1, 4, 4});
  for (int64_t i : {0, 3, 7, 12}) made.set(i, 9);  // all of them on the rim
  made.set(5, 1);
  Psnr p({1, 1, false, false});
  ASSERT_TRUE(p.add(made, truth).ok());
  EXPECT_DOUBLE_EQ(p.value(), 10 * std::log10(4.0));
  EXPECT_EQ(Psnr({1, 2, false, false}).add(made, truth).code(), Code::shape_mismatch);
}

TEST(Psnr, RefusesWhatIsNoPair) {
  const Tensor a(DType::f32, {3, 4, 4}), b(DType::f32, {3, 4, 5}), two(DType::f32, {2, 4, 4});
  Psnr p({1, 0, true, false});
  EXPECT_EQ(p.add(a, b).code(), Code::shape_mismatch);
  EXPECT_EQ(p.add(two, two).text(),
            "sample 0: PSNR of luma of [2,4,4] against [2,4,4] within a border of 0");
  Tensor nan = a;
  nan.set(0, NAN);
  EXPECT_EQ(p.add(nan, a).code(), Code::invalid_argument);
  EXPECT_EQ(p.samples(), 0);
}

}  // namespace
}  // namespace hone::tasks
