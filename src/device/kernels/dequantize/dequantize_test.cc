#include "device/kernels/dequantize/dequantize.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

enum class Kind { one, axis, block };

// x [outer, size, inner] of f32 or integers, scales of the kind, zero points on demand.
TestStep step_of(Rng& rng, DType t, const Shape& x, Kind kind, int block, bool zero) {
  TestStep s;
  s.attrs = words(DequantizeAttrs{kind == Kind::block ? block : 0});
  Shape scale{1};
  if (kind == Kind::axis) scale = {x[1]};
  if (kind == Kind::block) scale = {x[0], (x[1] + block - 1) / block, x[2]};
  s.in = {random_bytes(rng, t, x), random_tensor(rng, scale, 0, 0.01f, 0.5f)};
  if (zero) s.in.push_back(random_bytes(rng, t, scale));
  s.out = {tensor(DType::f32, x)};
  return s;
}

int64_t scale_of(const TestStep& s, const Shape& x, Kind kind, int block, int64_t i) {
  auto at = index_of(x, i);
  if (kind == Kind::one) return 0;
  if (kind == Kind::axis) return at[1];
  return position_of(s.in[1].op.shape, {at[0], at[1] / block, at[2]});
}

void check(Rng& rng, DType t, const Shape& x, Kind kind, int block, bool zero) {
  TestStep s = step_of(rng, t, x, kind, block, zero);
  for (const Kernel* k : kernels_of("dequantize")) {
    Outcome o = run_kernel(*k, s);
    if (o.refused != nullptr && bits(t) != 8 && k->isa != Isa::portable) continue;
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < s.out[0].count(); ++i) {
      const int64_t at = scale_of(s, x, kind, block, i);
      const double scale = get(s.in[1], at), offset = zero ? get(s.in[2], at) : 0;
      const double x_value = get(s.in[0], i) - offset;
      const auto want = static_cast<double>(static_cast<float>(x_value * scale));
      ASSERT_EQ(get(s.out[0], i), want) << k->name << name(t) << text(x) << i;
    }
  }
}

TEST(Dequantize, TypesAndScales) {
  Rng rng(1);
  const DType types[] = {DType::u8, DType::i8, DType::u16, DType::i16, DType::i32};
  for (DType t : types) {
    for (const Shape& x : {Shape{1, 1, 1}, Shape{2, 3, 5}, Shape{3, 37, 1}, Shape{1, 6, 100},
                           Shape{2, 64, 1}, Shape{5, 19, 33}, Shape{2, 1, 5000}, Shape{0, 3, 4}}) {
      for (bool zero : {false, true}) {
        check(rng, t, x, Kind::one, 0, zero);
        if (x.count() > 0) check(rng, t, x, Kind::axis, 0, zero);
        for (int block : {1, 4, 16}) check(rng, t, x, Kind::block, block, zero);
      }
    }
  }
}

TEST(Dequantize, HostileSteps) {
  Rng rng(2);
  EXPECT_EQ(try_hostile_steps("dequantize",
                              {step_of(rng, DType::u8, {3, 5, 7}, Kind::one, 0, true),
                               step_of(rng, DType::i8, {3, 5, 7}, Kind::axis, 0, true),
                               step_of(rng, DType::i8, {3, 9, 1}, Kind::block, 4, false),
                               step_of(rng, DType::i16, {3, 9, 4}, Kind::block, 4, true)},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
