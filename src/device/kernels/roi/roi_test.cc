#include "device/kernels/roi/roi.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, const RoiAttrs& a, const Shape& x, const Shape& y) {
  TestStep s;
  s.attrs = words(a);
  const bool pool = a.mode == RoiMode::pool;
  s.in = {random_tensor(rng, x), random_tensor(rng, {y[0], pool ? 5 : 4})};
  if (!pool) {
    s.in.push_back(tensor(DType::i64, {y[0]}));
    fill<int64_t>(s.in[2], [&](int64_t i) { return i % x[0]; });
  }
  s.out = {tensor(DType::f32, y)};
  return s;
}

// The mean of a linear picture over a bin is its value at the bin's middle.
TEST(Roi, ALinearPictureGivesTheMiddlesOfTheBins) {
  Rng rng(1);
  const int64_t c = 21;
  TestStep s = step_of(rng, {RoiMode::average, 1, 2, 0.5f}, {1, 12, 12, c}, {1, 2, 3, c});
  fill<float>(s.in[0], [&](int64_t i) {
    return static_cast<float>(i / c % 12) + 10 * static_cast<float>(i / c / 12);
  });
  const float roi[] = {4, 6, 16, 18};  // x 2 .. 8, y 3 .. 9 in pixels
  fill<float>(s.in[1], [&](int64_t i) { return roi[i]; });
  std::vector<double> want;
  for (int64_t i = 0; i < s.out[0].count(); ++i) {
    const auto row = static_cast<double>(i / c / 3), column = static_cast<double>(i / c % 3);
    want.push_back(2 + 2 * (column + 0.5) - 0.5 + 10 * (3 + 3 * (row + 0.5) - 0.5));
  }
  for (const Kernel* k : kernels_of("roi")) {
    Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    EXPECT_EQ(differs(s.out[0], want, 1e-6), "") << k->name;
  }
}

TEST(Roi, PicturesThatAreNotThereAreZero) {
  Rng rng(2);
  TestStep s = step_of(rng, {RoiMode::largest, 0, 0, 1}, {2, 4, 4, 3}, {3, 2, 2, 3});
  const int64_t pictures[] = {-1, 2, INT64_MAX};
  fill<int64_t>(s.in[2], [&](int64_t i) { return pictures[i]; });
  const std::vector<double> want(static_cast<size_t>(s.out[0].count()), 0.0);
  for (const Kernel* k : kernels_of("roi")) {
    EXPECT_EQ(run_kernel(*k, s).problem, "");
    EXPECT_EQ(differs(s.out[0], want, 0), "") << k->name;
  }
}

TEST(Roi, HostileSteps) {
  Rng rng(3);
  EXPECT_EQ(
      try_hostile_steps("roi",
                        {step_of(rng, {RoiMode::average, 1, 0, 0.5f}, {2, 5, 6, 7}, {3, 2, 2, 7}),
                         step_of(rng, {RoiMode::largest, 0, 2, 1}, {1, 5, 6, 17}, {2, 1, 3, 17}),
                         step_of(rng, {RoiMode::pool, 0, 0, 0.25f}, {2, 5, 6, 3}, {2, 3, 2, 3})},
                        20000),
      "");
}

}  // namespace
}  // namespace hone::kernels
