#include "device/kernels/gather/gather.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, DType t, const Shape& x, DType index_type, const Shape& index,
                 int axis) {
  Shape y;
  for (int i = 0; i < axis; ++i) y.push(x[i]);
  for (int64_t d : index) y.push(d);
  for (int i = axis + 1; i < x.rank(); ++i) y.push(x[i]);
  TestStep s;
  s.attrs = words(GatherAttrs{axis});
  Tensor indices = tensor(index_type, index);
  int size = static_cast<int>(x[axis]);
  for (int64_t i = 0; i < indices.count(); ++i) {
    set(indices, i, random_int(rng, -size - 3, size + 3));  // some out of range: clamped
  }
  s.in = {random_bytes(rng, t, x), indices};
  s.out = {tensor(t, y)};
  return s;
}

void check(const TestStep& s, int axis) {
  const Tensor &x = s.in[0], &index = s.in[1], &y = s.out[0];
  for (const Kernel* k : kernels_of("gather")) {
    Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < y.count(); ++i) {
      auto at = index_of(y.op.shape, i);
      auto first = at.begin() + axis, last = first + index.op.shape.rank();
      int64_t v = get_int(index, position_of(index.op.shape, {first, last}));
      int64_t size = x.op.shape[axis];
      v = std::clamp<int64_t>(v < 0 ? v + size : v, 0, size - 1);
      std::vector<int64_t> from(at.begin(), first);
      from.push_back(v);
      from.insert(from.end(), last, at.end());
      ASSERT_TRUE(same_bytes(y, i, x, position_of(x.op.shape, from))) << k->name << " " << i;
    }
  }
}

TEST(Gather, AxesAndIndices) {
  Rng rng(1);
  for (DType t : {DType::f32, DType::u8, DType::i64, DType::f16}) {
    for (DType it : {DType::i32, DType::i64}) {
      for (const Shape& index : {Shape{}, Shape{1}, Shape{7}, Shape{2, 3}, Shape{0}}) {
        for (const Shape& x : {Shape{5}, Shape{1, 1}, Shape{6, 1001}, Shape{3, 4, 5}}) {
          for (int axis = 0; axis < x.rank(); ++axis) {
            check(step_of(rng, t, x, it, index, axis), axis);
          }
        }
      }
    }
  }
  check(step_of(rng, DType::f32, {3, 9001}, DType::i64, {4}, 0), 0);  // a row of several units
}

TEST(Gather, NothingToGatherFrom) {
  Rng rng(2);
  TestStep s = step_of(rng, DType::f32, {2, 4}, DType::i64, {3}, 0);
  s.in[0] = tensor(DType::f32, {0, 4});
  for (const Kernel* k : kernels_of("gather")) EXPECT_NE(run_kernel(*k, s).refused, nullptr);
}

TEST(Gather, HostileSteps) {
  Rng rng(3);
  EXPECT_EQ(try_hostile_steps("gather",
                              {step_of(rng, DType::f32, {3, 4, 5}, DType::i64, {2, 3}, 1),
                               step_of(rng, DType::u8, {3, 4}, DType::i32, {}, 0)},
                              30000),
            "");
}

}  // namespace
}  // namespace hone::kernels
