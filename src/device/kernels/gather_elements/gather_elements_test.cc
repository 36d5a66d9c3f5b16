#include "device/kernels/gather_elements/gather_elements.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, DType t, const Shape& x, DType index_type, const Shape& index,
                 int axis) {
  TestStep s;
  s.attrs = words(GatherElementsAttrs{axis});
  Tensor indices = tensor(index_type, index);
  const int size = static_cast<int>(x[axis]);
  for (int64_t i = 0; i < indices.count(); ++i) {
    set(indices, i, random_int(rng, -size - 2, size + 2));  // some out of range: clamped
  }
  s.in = {random_bytes(rng, t, x), indices};
  s.out = {tensor(t, index)};
  return s;
}

void check(const TestStep& s, int axis) {
  const Tensor &x = s.in[0], &index = s.in[1], &y = s.out[0];
  for (const Kernel* k : kernels_of("gather_elements")) {
    Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < y.count(); ++i) {
      auto from = index_of(y.op.shape, i);
      int64_t v = get_int(index, i), size = x.op.shape[axis];
      from[static_cast<size_t>(axis)] = std::clamp<int64_t>(v < 0 ? v + size : v, 0, size - 1);
      ASSERT_TRUE(same_bytes(y, i, x, position_of(x.op.shape, from))) << k->name << " " << i;
    }
  }
}

TEST(GatherElements, AxesAndIndices) {
  Rng rng(1);
  struct Shapes {
    Shape x, index;
  };
  const Shapes all[] = {{{5}, {9}},
                        {{4, 6}, {4, 6}},
                        {{4, 6}, {2, 3}},
                        {{3, 4, 5}, {3, 4, 5}},
                        {{3, 4, 5}, {1, 4, 2}},
                        {{70, 90}, {70, 90}},
                        {{2, 3}, {0, 3}}};
  for (const Shapes& c : all) {
    for (int axis = 0; axis < c.x.rank(); ++axis) {
      for (DType t : {DType::f32, DType::u8, DType::i64, DType::f16}) {
        check(step_of(rng, t, c.x, DType::i64, c.index, axis), axis);
        check(step_of(rng, t, c.x, DType::i32, c.index, axis), axis);
      }
    }
  }
  check(step_of(rng, DType::f32, {2, 3, 4}, DType::i64, {2, 11, 4}, 1), 1);
}

TEST(GatherElements, NothingToGatherFrom) {
  Rng rng(2);
  TestStep s = step_of(rng, DType::f32, {2, 4}, DType::i64, {2, 4}, 0);
  s.in[0] = tensor(DType::f32, {0, 4});
  for (const Kernel* k : kernels_of("gather_elements")) {
    EXPECT_NE(run_kernel(*k, s).refused, nullptr);
  }
}

TEST(GatherElements, HostileSteps) {
  Rng rng(3);
  EXPECT_EQ(try_hostile_steps("gather_elements",
                              {step_of(rng, DType::f32, {3, 4, 5}, DType::i64, {2, 7, 5}, 1),
                               step_of(rng, DType::u8, {3, 4}, DType::i32, {3, 4}, 0)},
                              30000),
            "");
}

}  // namespace
}  // namespace hone::kernels
