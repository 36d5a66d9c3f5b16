#include "common/tensor/small_float.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "common/tensor/half.h"

namespace hone {
namespace {

constexpr DType bytes_and_less[] = {DType::f8e4m3fn,   DType::f8e4m3fnuz, DType::f8e5m2,
                                    DType::f8e5m2fnuz, DType::f4e2m1,     DType::f8e8m0};

uint32_t codes_of(DType t) { return 1u << bits(t); }

TEST(SmallFloat, EveryCodeIsTheCodeOfItsValue) {
  for (DType t : bytes_and_less) {
    for (uint32_t code = 0; code < codes_of(t); ++code) {
      const double v = small_float_value(t, code);
      const uint32_t back = small_float_code(t, v, {.saturate = false});
      if (std::isnan(v)) {
        EXPECT_TRUE(std::isnan(small_float_value(t, back))) << name(t) << " " << code;
      } else {
        EXPECT_EQ(back, code) << name(t);
      }
    }
  }
}

TEST(SmallFloat, LargestAndSmallestValues) {
  EXPECT_EQ(small_float_value(DType::f8e4m3fn, 0x7e), 448);
  EXPECT_EQ(small_float_value(DType::f8e4m3fn, 0x01), 0x1p-9);
  EXPECT_EQ(small_float_value(DType::f8e4m3fnuz, 0x7f), 240);
  EXPECT_EQ(small_float_value(DType::f8e4m3fnuz, 0x01), 0x1p-10);
  EXPECT_EQ(small_float_value(DType::f8e5m2, 0x7b), 57344);
  EXPECT_EQ(small_float_value(DType::f8e5m2, 0x7c), INFINITY);
  EXPECT_EQ(small_float_value(DType::f8e5m2, 0x01), 0x1p-16);
  EXPECT_EQ(small_float_value(DType::f8e5m2fnuz, 0x7f), 57344);
  EXPECT_EQ(small_float_value(DType::f8e5m2fnuz, 0x01), 0x1p-17);
  EXPECT_EQ(small_float_value(DType::f4e2m1, 0x7), 6);
  EXPECT_EQ(small_float_value(DType::f4e2m1, 0x1), 0.5);
  EXPECT_EQ(small_float_value(DType::f8e8m0, 0), 0x1p-127);
  EXPECT_EQ(small_float_value(DType::f8e8m0, 254), 0x1p127);
}

// Among all codes the nearest; of two as near the one that ends in 0.
TEST(SmallFloat, RoundsToTheNearestOfAll) {
  std::mt19937_64 rng(7);
  for (DType t : bytes_and_less) {
    if (t == DType::f8e8m0) continue;
    std::vector<double> values;
    double largest = 0;
    for (uint32_t c = 0; c < codes_of(t); ++c) {
      const double v = small_float_value(t, c);
      values.push_back(std::isfinite(v) ? v : NAN);
      if (std::isfinite(v)) largest = std::fmax(largest, v);
    }
    std::vector<double> tried;
    for (uint32_t c = 0; c + 1 < codes_of(t) / 2; ++c) {
      const double middle = (values[c] + values[c + 1]) / 2;
      if (std::isnan(middle)) continue;
      for (double v : {middle, std::nextafter(middle, 0), std::nextafter(middle, 1e9)}) {
        tried.push_back(v);
        tried.push_back(-v);
      }
    }
    for (int i = 0; i < 3000; ++i) {
      tried.push_back(std::ldexp(std::uniform_real_distribution(-1.0, 1.0)(rng),
                                 static_cast<int>(rng() % 40) - 22));
    }
    for (double v : tried) {
      if (std::fabs(v) > largest) continue;
      uint32_t best = 0;
      for (uint32_t c = 1; c < values.size(); ++c) {
        const double was = std::fabs(values[best] - v), is = std::fabs(values[c] - v);
        if (is < was || (is == was && values[c] != values[best] && c % 2 == 0)) best = c;
      }
      EXPECT_EQ(small_float_value(t, small_float_code(t, v)), values[best]) << name(t) << " " << v;
    }
  }
}

TEST(SmallFloat, OutOfRange) {
  const auto code = [](DType t, double v, bool saturate) {
    return small_float_code(t, v, {.saturate = saturate});
  };
  EXPECT_EQ(code(DType::f8e4m3fn, 464, false), 0x7eu);  // half way to what is NaN's code: to even
  EXPECT_EQ(code(DType::f8e4m3fn, 464.1, false), 0x7fu);
  EXPECT_EQ(code(DType::f8e4m3fn, -INFINITY, false), 0xffu);
  EXPECT_EQ(code(DType::f8e4m3fn, -INFINITY, true), 0xfeu);
  EXPECT_EQ(code(DType::f8e4m3fnuz, -248, false), 0x80u);
  EXPECT_EQ(code(DType::f8e4m3fnuz, -248, true), 0xffu);
  EXPECT_EQ(code(DType::f8e5m2, 61440, false), 0x7cu);
  EXPECT_EQ(code(DType::f8e5m2, 1e300, true), 0x7bu);
  EXPECT_EQ(code(DType::f8e5m2fnuz, -0.0, true), 0u);
  EXPECT_EQ(code(DType::f4e2m1, -1e9, false), 0xfu);
  EXPECT_EQ(code(DType::f16, 65520, true), 0x7c00u);
  EXPECT_EQ(code(DType::bf16, -1e39, true), 0xff80u);
  for (DType t : bytes_and_less) {
    EXPECT_EQ(code(t, 1e-300, true), 0u) << name(t);
    const bool has_nan = t != DType::f4e2m1;
    EXPECT_EQ(std::isnan(small_float_value(t, code(t, NAN, true))), has_nan) << name(t);
  }
}

TEST(SmallFloat, PowersOfTwo) {
  const auto code = [](double v, ScaleRounding rounding, bool saturate = true) {
    return small_float_code(DType::f8e8m0, v, {saturate, rounding});
  };
  EXPECT_EQ(code(1.25, ScaleRounding::up), 128u);
  EXPECT_EQ(code(1.99, ScaleRounding::down), 127u);
  EXPECT_EQ(code(1.49, ScaleRounding::nearest), 127u);
  EXPECT_EQ(code(1.5, ScaleRounding::nearest), 128u);
  EXPECT_EQ(code(-1, ScaleRounding::up), 255u);
  EXPECT_EQ(code(0, ScaleRounding::up), 0u);
  EXPECT_EQ(code(0, ScaleRounding::up, false), 255u);
  EXPECT_EQ(code(0x1.8p127, ScaleRounding::up), 254u);
  EXPECT_EQ(code(0x1.8p127, ScaleRounding::up, false), 255u);
  EXPECT_EQ(code(INFINITY, ScaleRounding::down), 254u);
}

// Every f16 and bf16, and what lies around them, as the conversions of 16-bit floats round.
TEST(SmallFloat, HalvesAsTheOtherConversions) {
  for (uint32_t c = 0; c < 65536; ++c) {
    const auto half = static_cast<uint16_t>(c);
    const float f = f16_to_f32(half), b = bf16_to_f32(half);
    if (std::isnan(f)) {
      EXPECT_TRUE(std::isnan(small_float_value(DType::f16, c)));
    } else {
      EXPECT_EQ(small_float_value(DType::f16, c), static_cast<double>(f));
      const float above = std::nextafter(f, INFINITY) + f * 0x1p-11f;
      EXPECT_EQ(small_float_code(DType::f16, static_cast<double>(above)), f32_to_f16(above)) << c;
    }
    if (std::isnan(b)) {
      EXPECT_TRUE(std::isnan(small_float_value(DType::bf16, c)));
    } else {
      EXPECT_EQ(small_float_value(DType::bf16, c), static_cast<double>(b));
      const float above = std::nextafter(b, INFINITY) + b * 0x1p-8f;
      EXPECT_EQ(small_float_code(DType::bf16, static_cast<double>(above)), f32_to_bf16(above)) << c;
    }
  }
}

}  // namespace
}  // namespace hone
