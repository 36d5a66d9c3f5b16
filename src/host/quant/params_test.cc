#include "host/quant/params.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone::quant {
namespace {

constexpr GridSpec u8{DType::u8, false}, s8{DType::i8, false}, middle{DType::i8, true};

TEST(QuantParams, BytesOfAPictureAreThemselves) {
  EXPECT_EQ(affine_of({0, 255}, u8), (Affine{1, 0}));
  EXPECT_EQ(affine_of({0, 255}, s8), (Affine{1, -128}));
}

TEST(QuantParams, BehindARectifierZeroIsTheLowestStep) {
  EXPECT_EQ(affine_of({0, 6}, u8).zero, 0);
  EXPECT_EQ(affine_of({0.5f, 6}, u8), affine_of({0, 6}, u8));  // 0 is always held
  EXPECT_EQ(affine_of({-6, -1}, u8).zero, 255);
}

TEST(QuantParams, ZeroIsExactAndTheEndsWithinHalfAStep) {
  for (const Range r : {Range{-0.375f, 11.2f}, Range{-3, 1}, Range{-1e-6f, 1e6f}}) {
    for (const GridSpec& g : {u8, s8, GridSpec{DType::i16, false}, GridSpec{DType::u16, false}}) {
      const Affine a = affine_of(r, g);
      const double s = a.scale;
      EXPECT_GE(a.zero, g.lowest());
      EXPECT_LE(a.zero, g.highest());
      EXPECT_NEAR((g.lowest() - a.zero) * s, r.low, 0.51 * s);
      EXPECT_NEAR((g.highest() - a.zero) * s, r.high, 0.51 * s);
    }
  }
}

TEST(QuantParams, SymmetricGridsEndAlike) {
  EXPECT_EQ(affine_of({-1, 2.54f}, middle), (Affine{2.54f / 127, 0}));
  EXPECT_EQ(affine_of({-1, 2.54f}, {DType::u8, true}), (Affine{2.54f / 127, 128}));
  EXPECT_EQ(affine_of({-1, 1}, {DType::i16, true}).scale, 1.0f / 32767);
}

TEST(QuantParams, NothingIsARangeToo) {
  EXPECT_EQ(affine_of({0, 0}, u8), (Affine{1, 0}));
  EXPECT_EQ(affine_of({0, 1e-42f}, u8), (Affine{1, 0}));  // no step of a float
  EXPECT_EQ(affine_of({0, 0}, {DType::u8, true}), (Affine{1, 128}));
}

TEST(QuantParams, ADeadChannelTakesTheMiddleScale) {
  const std::vector<float> largest = {1, 2, 0, 4, 1e-9f};
  const std::vector<float> s = weight_scales(largest, 127);
  EXPECT_EQ(s[0], 1.0f / 127);
  EXPECT_EQ(s[2], 2.0f / 127);
  EXPECT_EQ(s[4], s[2]);
  EXPECT_EQ(weight_scales(std::vector<float>{0, 0}, 127), (std::vector<float>{1, 1}));
}

TEST(QuantParams, AScaleIsRaisedUntilTheBiasFits) {
  const std::vector<float> bias = {100, -100, 0};
  std::vector<float> scales = {1e-9f, 1e-9f, 1e-9f};
  EXPECT_TRUE(guard_bias(bias, 1e-3f, scales));
  for (const size_t c : {size_t{0}, size_t{1}}) {
    EXPECT_LE(std::abs(bias[c] / (1e-3f * scales[c])), static_cast<float>(1 << 30));
  }
  EXPECT_EQ(scales[2], 1e-9f);
  std::vector<float> fine = {0.01f};
  EXPECT_FALSE(guard_bias(bias, 0.1f, fine));
  EXPECT_EQ(fine[0], 0.01f);
}

}  // namespace
}  // namespace hone::quant
