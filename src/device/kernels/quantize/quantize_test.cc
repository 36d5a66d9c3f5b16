#include "device/kernels/quantize/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "device/kernels/testing/hostile.h"
#include "device/kernels/testing/small_types.h"

namespace hone::kernels {
namespace {

using namespace testing;

enum class Kind { one, axis, block };

// x [outer, size, inner] of f32 or integers, scales of the kind, zero points on demand.
TestStep step_of(Rng& rng, DType t, const Shape& x, Kind kind, int block, bool zero) {
  TestStep s;
  s.attrs = words(QuantizeAttrs{kind == Kind::block ? block : 0});
  Shape scale{1};
  if (kind == Kind::axis) scale = {x[1]};
  if (kind == Kind::block) scale = {x[0], (x[1] + block - 1) / block, x[2]};
  s.in = {random_tensor(rng, x, 0, -40, 40), random_tensor(rng, scale, 0, 0.05f, 0.5f)};
  for (int64_t i = 0; i < s.in[0].count(); i += 5) s.in[0].at<float>(i) = 0.125f * (i % 9);  // ties
  for (int64_t i = 0; i < s.in[1].count(); i += 3) s.in[1].at<float>(i) = 0.25f;
  if (zero) s.in.push_back(random_of(rng, t, scale));
  s.out = {tensor(t, x)};
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
  for (const Kernel* k : kernels_of("quantize")) {
    Outcome o = run_kernel(*k, s);
    if (o.refused != nullptr && bits(t) != 8 && k->isa != Isa::portable) continue;
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < s.out[0].count(); ++i) {
      const int64_t at = scale_of(s, x, kind, block, i);
      const double scale = get(s.in[1], at), offset = zero ? get(s.in[2], at) : 0;
      const auto quotient = static_cast<float>(get(s.in[0], i) / scale);
      double want = std::nearbyint(static_cast<double>(quotient)) + offset;
      with_type(t, [&](auto z) {
        using T = decltype(z);
        want =
            std::clamp<double>(want, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
      });
      ASSERT_EQ(get(s.out[0], i), want) << k->name << name(t) << text(x) << i;
    }
  }
}

TEST(Quantize, TypesAndScales) {
  Rng rng(1);
  const DType types[] = {DType::u8, DType::i8, DType::u16, DType::i16};
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

TEST(Quantize, WhatIsNoNumber) {
  Rng rng(3);
  for (DType t : {DType::u8, DType::i8, DType::i16}) {
    TestStep s = step_of(rng, t, {1, 1, 20}, Kind::one, 0, true);
    const float odd[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f};
    for (int64_t i = 0; i < 20; ++i) s.in[0].at<float>(i) = odd[i % 5];
    for (const Kernel* k : kernels_of("quantize")) {
      if (run_kernel(*k, s).refused != nullptr) continue;
      with_type(t, [&](auto z) {
        using T = decltype(z);
        constexpr double low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
        const double want[] = {low, high, low, high, low};
        for (int64_t i = 0; i < 20; ++i) ASSERT_EQ(get(s.out[0], i), want[i % 5]) << k->name << i;
      });
    }
  }
}

// As the header says, in double.
double wanted(const TestStep& s, int64_t i, int64_t at, DType precision, bool saturate) {
  const DType t = s.out[0].op.dtype;
  double q = get_any(s.in[0], i) / get_any(s.in[1], at);
  q = precision == DType::f32 ? static_cast<double>(static_cast<float>(q))
                              : small_float_value(precision, small_float_code(precision, q));
  const double zero = s.in.size() == 3 ? get_any(s.in[2], at) : 0;
  if (is_float(t)) {
    return small_float_value(t, small_float_code(t, q + zero, {.saturate = saturate}));
  }
  const bool negative = t == DType::i16 || t == DType::i8 || t == DType::i4 || t == DType::i2;
  const double low = negative ? -std::ldexp(1, bits(t) - 1) : 0;
  return std::clamp(std::nearbyint(q) + zero, low, low + std::ldexp(1, bits(t)) - 1);
}

TEST(Quantize, AnyTypes) {
  Rng rng(5);
  std::vector<DType> types = small_types();
  types.insert(types.end(), {DType::u8, DType::i8, DType::u16, DType::i16});
  const Shape shapes[] = {{3, 37, 1}, {2, 6, 301}, {1, 1, 5001}};
  for (DType t : types) {
    for (DType real : {DType::f32, DType::f16, DType::bf16, DType::i32}) {
      for (DType scale : {DType::f32, DType::f16, DType::bf16}) {
        if (real == DType::f32 && scale == DType::f32 && !is_small(t)) continue;
        for (Kind kind : {Kind::one, Kind::axis, Kind::block}) {
          const Shape& x = shapes[random_int(rng, 0, 2)];
          const bool zero = random_int(rng, 0, 1) == 1, saturate = random_int(rng, 0, 1) == 1;
          TestStep s = step_of(rng, DType::i8, x, kind, 4, false);
          const DType precision = random_int(rng, 0, 3) == 0 ? DType::f32 : scale;
          const int32_t block = kind == Kind::block ? 4 : 0;
          s.attrs = words(QuantizeAllAttrs{
              {block}, precision == scale ? 0 : static_cast<int32_t>(precision), saturate ? 0 : 1});
          Tensor given = random_of(rng, real, x), scales = tensor(scale, s.in[1].op.shape);
          for (int64_t i = 0; i < scales.count(); ++i) set(scales, i, get(s.in[1], i));
          s.in = {given, scales};
          if (zero) s.in.push_back(random_bytes(rng, t, scales.op.shape));
          s.out = {tensor(t, x)};
          for (const Kernel* k : kernels_of("quantize")) {
            const Outcome o = run_kernel(*k, s);
            if (o.refused != nullptr && k->isa != Isa::portable) continue;
            ASSERT_EQ(o.refused, nullptr) << o.refused;
            ASSERT_EQ(o.problem, "");
            EXPECT_EQ(padding(s.out[0]), 0);
            for (int64_t i = 0; i < x.count(); ++i) {
              const double want = wanted(s, i, scale_of(s, x, kind, 4, i), precision, saturate);
              const double got = get_any(s.out[0], i);
              ASSERT_TRUE(std::isnan(want) ? std::isnan(got) : got == want)
                  << name(real) << "/" << name(scale) << " to " << name(t) << text(x) << i << ": "
                  << got << ", not " << want;
            }
          }
        }
      }
    }
  }
}

TEST(Quantize, HostileSteps) {
  Rng rng(2);
  TestStep any = step_of(rng, DType::i8, {3, 9, 4}, Kind::block, 4, false);
  any.attrs = words(QuantizeAllAttrs{{4}, static_cast<int32_t>(DType::f16), 1});
  any.in[0] = random_of(rng, DType::bf16, {3, 9, 4});
  any.in.push_back(random_bytes(rng, DType::u4, any.in[1].op.shape));
  any.out = {tensor(DType::u4, {3, 9, 4})};
  EXPECT_EQ(try_hostile_steps("quantize",
                              {any, step_of(rng, DType::u8, {3, 5, 7}, Kind::one, 0, true),
                               step_of(rng, DType::i8, {3, 5, 7}, Kind::axis, 0, true),
                               step_of(rng, DType::i8, {3, 9, 1}, Kind::block, 4, false),
                               step_of(rng, DType::i16, {3, 9, 4}, Kind::block, 4, true)},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
