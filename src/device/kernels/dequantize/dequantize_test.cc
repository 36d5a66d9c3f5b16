#include "device/kernels/dequantize/dequantize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"
#include "device/kernels/testing/small_types.h"

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

double rounded(DType t, double v) {
  if (t == DType::f64) return v;
  return t == DType::f32 ? static_cast<double>(static_cast<float>(v))
                         : small_float_value(t, small_float_code(t, v));
}

TEST(Dequantize, AnyTypes) {
  Rng rng(5);
  std::vector<DType> types = small_types();
  types.insert(types.end(), {DType::u8, DType::i8, DType::i16, DType::i32});
  const Shape shapes[] = {{3, 37, 1}, {2, 6, 301}, {1, 1, 4301}};
  for (DType t : types) {
    for (DType real : {DType::f32, DType::f16, DType::bf16, DType::f64}) {
      for (DType scale : {DType::f32, DType::f16, DType::bf16}) {
        for (Kind kind : {Kind::one, Kind::axis, Kind::block}) {
          const Shape& x = shapes[random_int(rng, 0, 2)];
          TestStep s = step_of(rng, DType::i8, x, kind, 4, false);
          Tensor scales = tensor(scale, s.in[1].op.shape);
          for (int64_t i = 0; i < scales.count(); ++i) set(scales, i, get(s.in[1], i));
          s.in = {random_bytes(rng, t, x), scales};
          if (random_int(rng, 0, 1)) s.in.push_back(random_bytes(rng, t, scales.op.shape));
          s.out = {tensor(real, x)};
          for (const Kernel* k : kernels_of("dequantize")) {
            const Outcome o = run_kernel(*k, s);
            if (o.refused != nullptr && k->isa != Isa::portable) continue;
            ASSERT_EQ(o.refused, nullptr) << o.refused;
            ASSERT_EQ(o.problem, "");
            for (int64_t i = 0; i < x.count(); ++i) {
              const int64_t at = scale_of(s, x, kind, 4, i);
              const double zero = s.in.size() == 3 ? get_any(s.in[2], at) : 0;
              const double want = rounded(real, (get_any(s.in[0], i) - zero) * get(scales, at));
              const double got = get(s.out[0], i);
              ASSERT_TRUE(std::isnan(want) ? std::isnan(got) : got == want)
                  << name(t) << " to " << name(real) << text(x) << i << ": " << got << ", not "
                  << want;
            }
          }
        }
      }
    }
  }
}

TEST(Dequantize, HostileSteps) {
  Rng rng(2);
  TestStep any = step_of(rng, DType::i8, {3, 9, 4}, Kind::block, 4, false);
  any.in[0] = random_bytes(rng, DType::u2, {3, 9, 4});
  any.in.push_back(random_bytes(rng, DType::u2, any.in[1].op.shape));
  any.out = {tensor(DType::f16, {3, 9, 4})};
  EXPECT_EQ(try_hostile_steps("dequantize",
                              {any, step_of(rng, DType::u8, {3, 5, 7}, Kind::one, 0, true),
                               step_of(rng, DType::i8, {3, 5, 7}, Kind::axis, 0, true),
                               step_of(rng, DType::i8, {3, 9, 1}, Kind::block, 4, false),
                               step_of(rng, DType::i16, {3, 9, 4}, Kind::block, 4, true)},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
