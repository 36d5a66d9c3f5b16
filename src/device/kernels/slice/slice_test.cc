#include "device/kernels/slice/slice.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, DType t, const Shape& shape, const SliceAttrs& a, int64_t place) {
  Shape part;
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != a.axis) part.push(shape[i]);
  }
  TestStep s;
  s.attrs = words(a);
  s.in = {random_of(rng, t, a.write != 0 ? part : shape), tensor(DType::i64, {})};
  fill<int64_t>(s.in[1], [=](int64_t) { return place; });
  s.out = {tensor(t, a.write != 0 ? shape : part)};
  return s;
}

// Reads every place, and one beside the tensor on each side: zeros.
TEST(Slice, ReadsAPlace) {
  Rng rng(1);
  for (const Shape& shape : {Shape{4}, Shape{3, 5}, Shape{2, 3, 4}, Shape{2, 5000}}) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      for (int from_end : {0, 1}) {
        const int64_t size = shape[axis];
        for (int64_t place : {int64_t{-1}, int64_t{0}, size - 1, size, INT64_MAX, INT64_MIN}) {
          const TestStep s = step_of(rng, DType::f32, shape, {axis, 0, from_end}, place);
          for (const Kernel* k : kernels_of("slice")) {
            const Outcome o = run_kernel(*k, s);
            ASSERT_EQ(o.refused, nullptr) << o.refused;
            EXPECT_EQ(o.problem, "");
            const bool there = place >= 0 && place < size;
            for (int64_t i = 0; i < s.out[0].count(); ++i) {
              std::vector<int64_t> at = index_of(s.out[0].op.shape, i);
              at.insert(at.begin() + axis, from_end != 0 ? size - 1 - place : place);
              const double want = there ? get(s.in[0], position_of(shape, at)) : 0;
              ASSERT_EQ(get(s.out[0], i), want) << place << " of " << size;
            }
          }
        }
      }
    }
  }
}

TEST(Slice, RefusesWhatDoesNotFit) {
  Rng rng(2);
  const auto refused = [](const TestStep& s) {
    return run_kernel(*kernels_of("slice")[0], s).refused != nullptr;
  };
  const TestStep good = step_of(rng, DType::f32, {3, 5}, {1, 0, 0}, 2);
  EXPECT_FALSE(refused(good));
  for (const SliceAttrs& a : {SliceAttrs{2, 0, 0}, SliceAttrs{-1, 0, 0}, SliceAttrs{0, 0, 0},
                              SliceAttrs{1, 2, 0}, SliceAttrs{1, 0, 2}, SliceAttrs{1, 1, 0}}) {
    TestStep s = good;
    s.attrs = words(a);
    EXPECT_TRUE(refused(s));
  }
  TestStep s = good;
  s.in[1] = tensor(DType::i32, {});
  EXPECT_TRUE(refused(s));
  s.in[1] = tensor(DType::i64, {2});
  EXPECT_TRUE(refused(s));
}

TEST(Slice, MutationsAreRefusedOrSafe) {
  Rng rng(3);
  EXPECT_EQ(try_hostile_steps("slice",
                              {step_of(rng, DType::f32, {3, 5, 2}, {1, 0, 0}, 2),
                               step_of(rng, DType::u8, {3, 5, 2}, {0, 1, 1}, 1)},
                              4000),
            "");
}

}  // namespace
}  // namespace hone::kernels
