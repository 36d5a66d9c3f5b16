#include "device/kernels/nonzero/nonzero.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, DType t, const Shape& x, int one_in) {
  TestStep s;
  Tensor values = tensor(t, x);
  for (int64_t i = 0; i < values.count(); ++i) {
    set(values, i, random_int(rng, 0, one_in - 1) == 0 ? random_int(rng, 1, 100) : 0);
  }
  s.in = {values};
  s.out = {tensor(DType::i64, {x.rank(), x.count()}), tensor(DType::i64, {})};
  return s;
}

void check(const TestStep& s) {
  const Tensor& x = s.in[0];
  for (const Kernel* k : kernels_of("nonzero")) {
    Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    int64_t count = 0, seen = 0;
    for (int64_t i = 0; i < x.count(); ++i) count += get_int(x, i) != 0 ? 1 : 0;
    ASSERT_EQ(get_int(s.out[1], 0), count);
    for (int64_t i = 0; i < x.count(); ++i) {
      if (get_int(x, i) == 0) continue;
      auto at = index_of(x.op.shape, i);
      for (int d = 0; d < x.op.shape.rank(); ++d) {
        ASSERT_EQ(get_int(s.out[0], d * count + seen), at[static_cast<size_t>(d)]);
      }
      ++seen;
    }
  }
}

TEST(Nonzero, TypesAndShapes) {
  Rng rng(1);
  for (DType t : {DType::f32, DType::boolean, DType::u8, DType::i32, DType::i64, DType::i16}) {
    for (const Shape& x : {Shape{1}, Shape{17}, Shape{3, 5}, Shape{2, 1, 7}, Shape{0, 4}}) {
      for (int one_in : {1, 2, 10}) check(step_of(rng, t, x, one_in));
    }
  }
}

TEST(Nonzero, HostileSteps) {
  Rng rng(2);
  EXPECT_EQ(try_hostile_steps("nonzero", {step_of(rng, DType::f32, {3, 4}, 2)}, 20000), "");
}

}  // namespace
}  // namespace hone::kernels
