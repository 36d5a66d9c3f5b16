// How a kernel is tested beside its family: sizes around every block, special values, bits that do
// not depend on the partition of the work (run_kernel cuts it into 1 to 4 pieces), memory it must
// not touch, steps it must refuse. One that stands in kernels.inc is also tried with steps that a
// hostile file could hold (its family's test), held against the OpDefs' references by
// tests/kernels, and timed by bench/micro, without further lines.
#include <gtest/gtest.h>

#include <limits>

#include "device/kernels/testing/kernel_test_util.h"
#include "device/kernels/unary/unary.h"

namespace hone::kernels {
extern const Kernel unary_relu_f32_portable;
namespace {

using namespace testing;

TestStep relu(const Tensor& x) {
  TestStep s;
  s.attrs = words(UnaryAttrs{static_cast<int32_t>(Act::relu), 0, 0});
  s.in = {x};
  s.out = {tensor(x.op.dtype, x.op.shape)};
  return s;
}

TEST(SkeletonKernel, SizesAroundItsBlocks) {
  Rng rng(1);
  for (int size : {0, 1, 2, 7, 4095, 4096, 4097, 3 * 4096 + 5}) {
    const TestStep s = relu(random_tensor(rng, {size}));
    const Outcome o = run_kernel(unary_relu_f32_portable, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int i = 0; i < size; ++i) {
      ASSERT_EQ(s.out[0].at<float>(i), std::max(s.in[0].at<float>(i), 0.0f)) << size;
    }
  }
}

TEST(SkeletonKernel, NaNStaysAndInfinityToo) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const Tensor x = tensor(DType::f32, {3});
  x.at<float>(0) = std::nanf(""), x.at<float>(1) = inf, x.at<float>(2) = -inf;
  const TestStep s = relu(x);
  EXPECT_EQ(run_kernel(unary_relu_f32_portable, s).problem, "");
  EXPECT_TRUE(std::isnan(s.out[0].at<float>(0)));
  EXPECT_EQ(s.out[0].at<float>(1), inf);
  EXPECT_EQ(s.out[0].at<float>(2), 0);
}

TEST(SkeletonKernel, RefusesWhatItCannotDo) {
  Rng rng(2);
  TestStep s = relu(random_tensor(rng, {5}));
  s.attrs = words(UnaryAttrs{static_cast<int32_t>(Act::tanh), 0, 0});
  EXPECT_STREQ(run_kernel(unary_relu_f32_portable, s).refused, "only relu");
  s = relu(random_tensor(rng, {5}));
  s.out = {tensor(DType::f32, {6})};
  EXPECT_STREQ(run_kernel(unary_relu_f32_portable, s).refused, "relu: shapes differ");
  s = relu(random_tensor(rng, {2, 3}, 4));
  EXPECT_STREQ(run_kernel(unary_relu_f32_portable, s).refused, "relu: operands must be dense");
  s = relu(tensor(DType::f64, {5}));
  EXPECT_STREQ(run_kernel(unary_relu_f32_portable, s).refused, "only f32");
}

}  // namespace
}  // namespace hone::kernels
