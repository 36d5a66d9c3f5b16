#include "device/kernels/copy/copy.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, DType t, const Shape& shape, const std::vector<int64_t>& x_strides,
                 const std::vector<int64_t>& y_strides, uint32_t flip = 0) {
  Tensor x = strided_tensor(t, shape, x_strides);
  for (int64_t i = 0; i < x.memory->bytes(); ++i) {
    x.memory->data()[i] = static_cast<uint8_t>(random_int(rng, 0, 255));
  }
  TestStep s;
  s.attrs = words(CopyAttrs{flip});
  s.in = {x};
  s.out = {strided_tensor(t, shape, y_strides)};
  return s;
}

void check(const TestStep& s) {
  const Tensor &x = s.in[0], &y = s.out[0];
  size_t width = static_cast<size_t>(bits(x.op.dtype) / 8);
  uint32_t flip = static_cast<uint32_t>(s.attrs[0]);
  for (const Kernel* k : kernels_of("copy")) {
    std::memset(y.data<char>(), 0x33, static_cast<size_t>(y.memory->bytes()));
    Outcome o = run_kernel(*k, s);
    if (o.refused && k->isa != Isa::portable) continue;
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < y.count(); ++i) {
      int64_t from = 0;
      auto at = index_of(x.op.shape, i);
      for (int d = 0; d < x.op.shape.rank(); ++d) {
        int64_t j = at[static_cast<size_t>(d)];
        from += (flip >> d & 1 ? x.op.shape[d] - 1 - j : j) * x.op.strides[d];
      }
      ASSERT_EQ(std::memcmp(x.data<char>() + static_cast<size_t>(from) * width,
                            y.data<char>() + static_cast<size_t>(y.offset(i)) * width, width),
                0)
          << k->name << " element " << i << " of " << text(x.op.shape);
    }
  }
}

std::vector<int64_t> dense_of(const Shape& shape) {
  Operand o = dense(DType::f32, shape);
  return {o.strides, o.strides + shape.rank()};
}

// Dense strides of `shape` when its dimensions lie in memory in the order of `perm`.
std::vector<int64_t> permuted(const Shape& shape, const std::vector<int>& perm) {
  std::vector<int64_t> strides(perm.size());
  int64_t s = 1;
  for (size_t k = perm.size(); k-- > 0;) {
    strides[static_cast<size_t>(perm[k])] = s;
    s *= shape[perm[k]];
  }
  return strides;
}

const DType widths[] = {DType::u8, DType::f16, DType::f32, DType::i64, DType::c128};

TEST(Copy, EveryTransposeOfFourDimensions) {
  Rng rng(1);
  for (DType t : widths) {
    std::vector<int> perm = {0, 1, 2, 3};
    do {
      Shape shape = {3, 5, 2, 7};
      check(step_of(rng, t, shape, permuted(shape, perm), dense_of(shape)));
      check(step_of(rng, t, shape, dense_of(shape), permuted(shape, perm)));
    } while (std::next_permutation(perm.begin(), perm.end()));
  }
}

TEST(Copy, TransposesOfImages) {
  Rng rng(2);
  for (DType t : {DType::f32, DType::u8, DType::i64}) {
    for (const Shape& nhwc :
         {Shape{2, 17, 19, 3}, Shape{1, 33, 31, 67}, Shape{1, 1, 1, 5}, Shape{3, 8, 16, 32},
          Shape{1, 64, 64, 1}, Shape{2, 13, 11, 130}, Shape{700, 2, 2, 3}}) {
      check(step_of(rng, t, nhwc, permuted(nhwc, {0, 3, 1, 2}), dense_of(nhwc)));
      check(step_of(rng, t, nhwc, dense_of(nhwc), permuted(nhwc, {0, 3, 1, 2})));
      check(step_of(rng, t, nhwc, permuted(nhwc, {0, 3, 1, 2}), dense_of(nhwc), 0b0110));
      check(step_of(rng, t, nhwc, permuted(nhwc, {0, 3, 1, 2}), dense_of(nhwc), 0b1000));
    }
  }
}

TEST(Copy, SlicesConcatenationBroadcastFlip) {
  Rng rng(3);
  for (DType t : widths) {
    check(step_of(rng, t, {}, {}, {}));
    check(step_of(rng, t, {0, 5}, {5, 1}, {5, 1}));
    check(step_of(rng, t, {10007}, {1}, {1}));
    check(step_of(rng, t, {10007}, {3}, {1}));
    check(step_of(rng, t, {10007}, {1}, {2}));
    check(step_of(rng, t, {10007}, {1}, {1}, 1));
    check(step_of(rng, t, {33, 17}, {40, 1}, {17, 1}));
    check(step_of(rng, t, {33, 17}, {17, 1}, {64, 1}));
    check(step_of(rng, t, {33, 17}, {0, 1}, {17, 1}));
    check(step_of(rng, t, {33, 17}, {1, 0}, {17, 1}));
    check(step_of(rng, t, {33, 17}, {0, 0}, {17, 1}));
    check(step_of(rng, t, {5, 6, 7}, {84, 14, 2}, {42, 7, 1}, 0b101));
    check(step_of(rng, t, {1, 6, 1, 7}, {0, 7, 99, 1}, {42, 7, 7, 1}, 0b1111));
    check(step_of(rng, t, {2, 2, 2, 2, 2, 2, 2, 3}, {192, 96, 48, 24, 12, 6, 3, 1},
                  {1, 2, 4, 8, 16, 32, 64, 128}, 0b10010110));
  }
}

TEST(Copy, RefusesOverlappingResult) {
  Rng rng(4);
  for (const Kernel* k : kernels_of("copy")) {
    EXPECT_NE(run_kernel(*k, step_of(rng, DType::f32, {4, 4}, {4, 1}, {2, 1})).refused, nullptr);
    EXPECT_NE(run_kernel(*k, step_of(rng, DType::f32, {4, 4}, {4, 1}, {0, 1})).refused, nullptr);
  }
}

TEST(Copy, HostileSteps) {
  Rng rng(5);
  std::vector<TestStep> seeds = {
      step_of(rng, DType::f32, {5, 6, 7}, {84, 14, 2}, {42, 7, 1}, 0b101),
      step_of(rng, DType::f32, {2, 9, 5}, {45, 1, 9}, {45, 5, 1}),
      step_of(rng, DType::u8, {33, 17}, {0, 1}, {17, 1})};
  EXPECT_EQ(try_hostile_steps("copy", seeds, 30000), "");
}

}  // namespace
}  // namespace hone::kernels
