#include "device/kernels/unique/unique.h"

#include <gtest/gtest.h>

#include <limits>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(DType t, int64_t rows, int64_t width, const std::vector<double>& x, bool sorted) {
  TestStep s;
  s.in = {tensor(t, {rows, width})};
  for (size_t i = 0; i < x.size(); ++i) set(s.in[0], static_cast<int64_t>(i), x[i]);
  s.out = {tensor(t, {rows, width}), tensor(DType::i64, {rows}), tensor(DType::i64, {rows}),
           tensor(DType::i64, {rows}), tensor(DType::i64, {1})};
  s.attrs = words(UniqueAttrs{sorted ? 1 : 0});
  return s;
}

std::string text(const Tensor& t, int64_t n) {
  std::string all;
  for (int64_t i = 0; i < n; ++i) all += (i > 0 ? " " : "") + std::to_string(get_int(t, i));
  return all;
}

TEST(Unique, RowsSortedAndAsTheyStand) {
  for (DType t : {DType::i8, DType::u16, DType::i32, DType::i64, DType::f32, DType::f64}) {
    const std::vector<double> x = {5, 1, 2, 9, 5, 1, 2, 3, 2, 9, 5, 1};
    for (const Kernel* k : kernels_of("unique")) {
      TestStep s = step_of(t, 6, 2, x, true);
      ASSERT_EQ(run_kernel(*k, s).problem, "");
      ASSERT_EQ(get_int(s.out[4], 0), 3);
      for (int64_t i = 0; i < 6; ++i) {
        EXPECT_EQ(get(s.out[0], i), (std::vector<double>{2, 3, 2, 9, 5, 1})[size_t(i)]) << name(t);
      }
      EXPECT_EQ(text(s.out[1], 3), "3 1 0");
      EXPECT_EQ(text(s.out[2], 6), "2 1 2 0 1 2");
      EXPECT_EQ(text(s.out[3], 3), "1 2 3");
      TestStep u = step_of(t, 6, 2, x, false);
      ASSERT_EQ(run_kernel(*k, u).problem, "");
      EXPECT_EQ(text(u.out[1], 3), "0 1 3");
      EXPECT_EQ(text(u.out[2], 6), "0 1 0 2 1 0");
      EXPECT_EQ(text(u.out[3], 3), "3 2 1");
    }
  }
}

TEST(Unique, NaNIsOneAndTheLast) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Kernel* k : kernels_of("unique")) {
    TestStep s = step_of(DType::f32, 6, 1, {nan, 2, -0.0, nan, 0.0, 2}, true);
    ASSERT_EQ(run_kernel(*k, s).problem, "");
    EXPECT_EQ(get_int(s.out[4], 0), 3);
    EXPECT_EQ(text(s.out[2], 6), "2 1 0 2 0 1");
    TestStep none = step_of(DType::f32, 0, 4, {}, true);
    ASSERT_EQ(run_kernel(*k, none).problem, "");
    EXPECT_EQ(get_int(none.out[4], 0), 0);
  }
}

TEST(Unique, HostileSteps) {
  EXPECT_EQ(try_hostile_steps("unique",
                              {step_of(DType::f32, 6, 1, {3, 2, 1, 2, 3, 1}, true),
                               step_of(DType::u8, 3, 2, {3, 2, 1, 2, 3, 2}, false)},
                              10000),
            "");
}

}  // namespace
}  // namespace hone::kernels
