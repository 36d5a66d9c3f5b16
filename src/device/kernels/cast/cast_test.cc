#include "device/kernels/cast/cast.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"
#include "device/kernels/testing/small_types.h"

namespace hone::kernels {
namespace {

using namespace testing;

const DType types[] = {DType::f32, DType::f64, DType::f16,    DType::bf16, DType::i8,
                       DType::i16, DType::i32, DType::i64,    DType::u8,   DType::u16,
                       DType::u32, DType::u64, DType::boolean};

TestStep step_of(const Tensor& x, DType to) {
  TestStep s;
  s.in = {x};
  s.out = {tensor(to, x.op.shape)};
  return s;
}

void run(const TestStep& s) {
  for (const Kernel* k : kernels_of("cast")) {
    Outcome o = run_kernel(*k, s);
    if (!o.refused) {
      ASSERT_EQ(o.problem, "");
    }
  }
}

// One kernel's result for one value of a C++ type.
template <class From>
Tensor cast_one(DType from, From v, DType to) {
  Tensor x = tensor(from, {1});
  x.at<From>(0) = v;
  TestStep s = step_of(x, to);
  run(s);
  return s.out[0];
}

TEST(Cast, EveryPairOnSmallWholeNumbers) {
  Rng rng(1);
  for (DType from : types) {
    for (DType to : types) {
      for (int64_t n : {0, 1, 257, 4999}) {
        Tensor x = tensor(from, {n});
        for (int64_t i = 0; i < n; ++i) {
          double v = from == DType::boolean ? random_int(rng, 0, 1) : random_int(rng, 0, 100);
          if (from == DType::f16) {
            x.at<uint16_t>(i) = f32_to_f16(static_cast<float>(v));
          } else if (from == DType::bf16) {
            x.at<uint16_t>(i) = f32_to_bf16(static_cast<float>(v));
          } else {
            set(x, i, v);
          }
        }
        TestStep s = step_of(x, to);
        for (const Kernel* k : kernels_of("cast")) {
          Outcome o = run_kernel(*k, s);
          if (o.refused) continue;
          ASSERT_EQ(o.problem, "");
          for (int64_t i = 0; i < n; ++i) {
            double want = get(x, i);
            if (to == DType::boolean) want = want != 0;
            ASSERT_EQ(get(s.out[0], i), want) << k->name << name(from) << " to " << name(to);
          }
        }
      }
    }
  }
}

// Every kernel gives the bits of the plain one: fractions, numbers out of range, bytes of a bool
// that are neither 0 nor 1.
TEST(Cast, KernelsAgree) {
  Rng rng(2);
  for (DType from : types) {
    for (DType to : types) {
      Tensor x = random_bytes(rng, from, {9001});
      if (from == DType::f32) {
        x = random_tensor(rng, {9001}, 0, -3e9f, 3e9f);
        for (int64_t i = 0; i < 4096; ++i) x.at<float>(i) *= 1e-7f;  // a unit without large ones
        x.at<float>(8000) = NAN;
      }
      TestStep want = step_of(x, to);
      ASSERT_EQ(run_kernel(*find_kernel("cast_any_portable"), want).problem, "");
      for (const Kernel* k : kernels_of("cast")) {
        TestStep got = step_of(x, to);
        if (run_kernel(*k, got).refused) continue;
        for (int64_t i = 0; i < x.count(); ++i) {
          // A NaN is a NaN, whatever else its bits say.
          const bool nans =
              is_float(to) && std::isnan(get(got.out[0], i)) && std::isnan(get(want.out[0], i));
          ASSERT_TRUE(nans || same_bytes(got.out[0], i, want.out[0], i))
              << k->name << " " << name(from) << " to " << name(to) << " element " << i;
        }
      }
    }
  }
}

TEST(Cast, FloatToInteger) {
  auto i32 = [](float v) { return cast_one(DType::f32, v, DType::i32).at<int32_t>(0); };
  EXPECT_EQ(i32(2.9f), 2);
  EXPECT_EQ(i32(-2.9f), -2);
  EXPECT_EQ(i32(NAN), 0);
  auto i64 = [](double v) { return cast_one(DType::f64, v, DType::i64).at<int64_t>(0); };
  EXPECT_EQ(i64(1e300), INT64_MAX);
  EXPECT_EQ(i64(-INFINITY), INT64_MIN);
  EXPECT_EQ(i64(-9.007199254740993e15), -9007199254740992);
  auto u64 = [](double v) { return cast_one(DType::f64, v, DType::u64).at<uint64_t>(0); };
  EXPECT_EQ(u64(1e19), uint64_t{10000000000000000000u});
  EXPECT_EQ(u64(3.7), 3u);
  EXPECT_EQ(cast_one(DType::f32, 300.0f, DType::u8).at<uint8_t>(0), 44);  // 300 mod 256
  EXPECT_EQ(cast_one(DType::f32, -1.0f, DType::u8).at<uint8_t>(0), 255);
}

TEST(Cast, ToBool) {
  auto b = [](float v) { return cast_one(DType::f32, v, DType::boolean).at<uint8_t>(0); };
  EXPECT_EQ(b(0.1f), 1);
  EXPECT_EQ(b(-0.0f), 0);
  EXPECT_EQ(b(NAN), 1);
  EXPECT_EQ(cast_one(DType::i64, int64_t{1} << 40, DType::boolean).at<uint8_t>(0), 1);
  EXPECT_EQ(cast_one(DType::boolean, uint8_t{7}, DType::f32).at<float>(0), 1);
}

TEST(Cast, IntegersKeepTheirLowBits) {
  EXPECT_EQ(cast_one(DType::i32, -1, DType::u8).at<uint8_t>(0), 255);
  EXPECT_EQ(cast_one(DType::i64, int64_t{0x123456789}, DType::i32).at<int32_t>(0), 0x23456789);
  EXPECT_EQ(cast_one(DType::u64, ~uint64_t{0}, DType::f64).at<double>(0), 0x1p64);
  EXPECT_EQ(cast_one(DType::u64, ~uint64_t{0}, DType::i64).at<int64_t>(0), -1);
  EXPECT_EQ(cast_one(DType::i64, INT64_MIN, DType::f32).at<float>(0), -0x1p63f);
}

// Doubles just above, at and below the middle of two halves: rounding through f32 would be wrong.
TEST(Cast, RoundsOnce) {
  double middle = 1 + 0x1p-11;
  auto f16 = [](double v) { return cast_one(DType::f64, v, DType::f16).at<uint16_t>(0); };
  EXPECT_EQ(f16(middle), 0x3c00);
  EXPECT_EQ(f16(middle + 0x1p-40), 0x3c01);
  EXPECT_EQ(f16(middle - 0x1p-40), 0x3c00);
  EXPECT_EQ(f16(1 + 3 * 0x1p-11 - 0x1p-40), 0x3c01);
  EXPECT_EQ(f16(1e300), 0x7c00);
  EXPECT_EQ(f16(-1e-300), 0x8000);
  EXPECT_EQ(f16(NAN) & 0x7c00, 0x7c00);
  EXPECT_NE(f16(NAN) & 0x3ff, 0);
  int64_t v = (int64_t{1} << 60) + (int64_t{1} << 52) + 1;  // just above the middle of two bf16
  EXPECT_EQ(cast_one(DType::i64, v, DType::bf16).at<uint16_t>(0), f32_to_bf16(0x1p60f) + 1);
  EXPECT_EQ(cast_one(DType::i64, v - 1, DType::bf16).at<uint16_t>(0), f32_to_bf16(0x1p60f));
}

TEST(Cast, HalvesBothWays) {
  Tensor x = tensor(DType::f16, {65536});
  fill<uint16_t>(x, [](int64_t i) { return static_cast<uint16_t>(i); });
  TestStep up = step_of(x, DType::f32);
  for (const Kernel* k : kernels_of("cast")) {
    Outcome o = run_kernel(*k, up);
    if (o.refused) continue;
    ASSERT_EQ(o.problem, "");
    for (int64_t i = 0; i < x.count(); ++i) {
      double want = get(x, i), got = get(up.out[0], i);
      ASSERT_TRUE(std::isnan(want) ? std::isnan(got) : want == got) << k->name << " " << i;
    }
  }
  TestStep down = step_of(up.out[0], DType::f16);
  for (const Kernel* k : kernels_of("cast")) {
    Outcome o = run_kernel(*k, down);
    if (o.refused) continue;
    ASSERT_EQ(o.problem, "");
    for (int64_t i = 0; i < x.count(); ++i) {
      if (std::isnan(get(x, i))) continue;
      ASSERT_EQ(down.out[0].at<uint16_t>(i), i) << k->name;
    }
  }
}

// By way of double and back: the codes, and nothing past the last element of a packed tensor.
TEST(Cast, SmallTypesBothWays) {
  Rng rng(3);
  for (DType t : small_types()) {
    for (int64_t n : {1, 2, 255, 4099}) {
      TestStep up = step_of(random_bytes(rng, t, {n}), DType::f64);
      run(up);
      TestStep down = step_of(up.out[0], t), same = step_of(up.in[0], t);
      down.attrs = words(CastAttrs{0, 0});  // what is infinite stays so
      run(down);
      run(same);
      EXPECT_EQ(padding(down.out[0]), 0) << name(t) << n;
      for (int64_t i = 0; i < n; ++i) {
        const double want = get_any(up.in[0], i), got = up.out[0].at<double>(i);
        ASSERT_TRUE(std::isnan(want) ? std::isnan(got) : got == want) << name(t) << " " << i;
        for (const Tensor& back : {down.out[0], same.out[0]}) {
          const double again = get_any(back, i);
          ASSERT_TRUE(std::isnan(want) ? std::isnan(again) : again == want) << name(t) << " " << i;
        }
      }
    }
  }
}

TEST(Cast, SmallTypesToEachOther) {
  Rng rng(4);
  for (DType from : small_types()) {
    for (DType to : small_types()) {
      if (from == to || !is_float(to)) continue;
      TestStep s = step_of(random_bytes(rng, from, {513}), to);
      TestStep wide = step_of(tensor(DType::f64, {513}), to);
      fill<double>(wide.in[0], [&](int64_t i) { return get_any(s.in[0], i); });
      run(s);
      run(wide);
      for (int64_t i = 0; i < 513; ++i) {
        const double got = get_any(s.out[0], i), want = get_any(wide.out[0], i);
        ASSERT_TRUE(std::isnan(want) ? std::isnan(got) : got == want) << name(from) << name(to);
      }
    }
  }
  TestStep s = step_of(tensor(DType::f32, {4}), DType::i4);  // the low bits of whole numbers
  fill<float>(s.in[0], [](int64_t i) { return static_cast<float>(i) * 5.5f - 7.9f; });
  run(s);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(get_any(s.out[0], i), (std::vector<double>{-7, -2, 3, -8})[static_cast<size_t>(i)]);
  }
}

TEST(Cast, Attributes) {
  TestStep s = step_of(tensor(DType::f32, {3}), DType::f8e4m3fn);
  fill<float>(s.in[0], [](int64_t i) { return i == 0 ? 1e9f : i == 1 ? -3.1f : 448.0f; });
  run(s);
  EXPECT_EQ(get_any(s.out[0], 0), 448);
  s.attrs = words(CastAttrs{0, 0});
  run(s);
  EXPECT_TRUE(std::isnan(get_any(s.out[0], 0)));
  EXPECT_EQ(get_any(s.out[0], 2), 448);
  s.out = {tensor(DType::f8e8m0, {3})};
  s.attrs = words(CastAttrs{1, static_cast<int32_t>(ScaleRounding::down)});
  run(s);
  EXPECT_EQ(get_any(s.out[0], 2), 256);
  EXPECT_TRUE(std::isnan(get_any(s.out[0], 1)));
  for (const CastAttrs& bad : {CastAttrs{2, 0}, CastAttrs{0, 3}, CastAttrs{0, -1}}) {
    s.attrs = words(bad);
    for (const Kernel* k : kernels_of("cast")) EXPECT_NE(run_kernel(*k, s).refused, nullptr);
  }
}

TEST(Cast, HostileSteps) {
  Rng rng(2);
  TestStep with_attributes = step_of(random_bytes(rng, DType::i4, {3, 5, 7}), DType::f8e5m2);
  with_attributes.attrs = words(CastAttrs{0, 1});
  EXPECT_EQ(
      try_hostile_steps("cast",
                        {step_of(random_of(rng, DType::f32, {3, 5, 7}), DType::f16),
                         step_of(random_of(rng, DType::f32, {3, 5, 7}), DType::u2), with_attributes,
                         step_of(random_of(rng, DType::f64, {300}), DType::i8)},
                        20000),
      "");
}

}  // namespace
}  // namespace hone::kernels
