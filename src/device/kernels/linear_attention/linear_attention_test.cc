#include "device/kernels/linear_attention/linear_attention.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

// What it computes is held against the operator's reference in tests/kernels.
TEST(LinearAttention, MutationsAreRefusedOrSafe) {
  Rng rng(1);
  TestStep s;
  s.attrs = words(LinearAttentionAttrs{4, 2, 0.5f});
  for (const Shape& shape : {Shape{2, 3, 12}, Shape{2, 3, 6}, Shape{2, 3, 10}, Shape{2, 2, 3, 5},
                             Shape{2, 3, 6}, Shape{2, 3, 1}}) {
    s.in.push_back(random_of(rng, DType::f32, shape));
  }
  s.out = {tensor(DType::f32, {2, 3, 20}), tensor(DType::f32, {2, 2, 3, 5})};
  EXPECT_EQ(try_hostile_steps("linear_attention", {s}, 4000), "");
}

}  // namespace
}  // namespace hone::kernels
