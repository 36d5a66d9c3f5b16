#include "device/preprocess/preprocess.h"

#include <gtest/gtest.h>

#include <vector>

namespace hone::preprocess {
namespace {

TEST(Preprocess, NormalisesInTheStatedOrder) {
  uint8_t pixels[] = {0, 128, 255, 7};
  Picture p{pixels, 2, 2, 1, 2};
  ImageContract k;
  k.width = k.height = 2;
  k.color = Color::gray;
  k.scale = 1.0f / 255;
  k.mean[0] = 0.286f;
  k.std[0] = 0.353f;
  float out[4];
  ASSERT_TRUE(image_to_tensor(k, p, out).ok());
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(out[i], (static_cast<float>(pixels[i]) * k.scale - 0.286f) / 0.353f);
  }
}

TEST(Preprocess, ColourOrderAndLayout) {
  uint8_t pixels[] = {1, 2, 3, 4, 5, 6};  // two RGB pixels
  Picture p{pixels, 2, 1, 3, 6};
  ImageContract k;
  k.width = 2;
  k.height = 1;
  float out[6];
  ASSERT_TRUE(image_to_tensor(k, p, out).ok());
  EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  k.color = Color::bgr;
  k.layout = PixelLayout::nhwc;
  ASSERT_TRUE(image_to_tensor(k, p, out).ok());
  EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{3, 2, 1, 6, 5, 4}));
}

TEST(Preprocess, RowsMayBeApart) {
  uint8_t pixels[] = {1, 99, 2, 99};
  Picture p{pixels, 1, 2, 1, 2};
  ImageContract k;
  k.width = 1;
  k.height = 2;
  k.color = Color::gray;
  float out[2];
  ASSERT_TRUE(image_to_tensor(k, p, out).ok());
  EXPECT_EQ(out[1], 2);
}

TEST(Preprocess, LetterboxSaysWhereThePictureIs) {
  ImageContract k;
  k.width = 8;
  k.height = 6;
  k.resize = Resize::cv2_linear;
  k.fit = Fit::letterbox;
  k.color = Color::gray;
  auto p = placement(k, 4, 4);  // 6 x 6 of 8 x 6: a column of border on each side
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p->x, 1);
  EXPECT_EQ(p->y, 0);
  EXPECT_EQ(p->width, 6);
  EXPECT_EQ(p->height, 6);
  EXPECT_EQ(p->scale_x, 1.5);
  EXPECT_EQ(p->scale_y, 1.5);

  const uint8_t pixels[16] = {};
  const Picture picture{pixels, 4, 4, 1, 4};
  std::vector<uint8_t> scratch(static_cast<size_t>(scratch_bytes(k, picture)));
  std::vector<float> out(48, -1);
  Scratch all{scratch.data(), static_cast<int64_t>(scratch.size())};
  ASSERT_TRUE(image_to_tensor(k, picture, out.data(), all).ok());
  for (size_t i = 0; i < 48; ++i) EXPECT_EQ(out[i], i % 8 == 0 || i % 8 == 7 ? 114 : 0) << i;
  all.bytes -= 1;
  EXPECT_EQ(image_to_tensor(k, picture, out.data(), all).code(), Code::out_of_memory);
}

TEST(Preprocess, SignedBytesAreThePixelsLess128) {
  const uint8_t pixels[] = {0, 127, 128, 255};
  ImageContract k;
  k.width = 4;
  k.height = 1;
  k.color = Color::gray;
  k.type = PixelType::s8;
  int8_t out[4];
  ASSERT_TRUE(image_to_tensor(k, {pixels, 4, 1, 1, 4}, out).ok());
  EXPECT_EQ(std::vector<int>(out, out + 4), (std::vector<int>{-128, -1, 0, 127}));
}

TEST(Preprocess, Refusals) {
  uint8_t pixel = 0;
  float out = 0;
  ImageContract k;
  EXPECT_EQ(image_to_tensor(k, {&pixel, 1, 1, 1, 1}, &out).code(), Code::invalid_argument);
  k.width = k.height = 2;
  EXPECT_EQ(image_to_tensor(k, {&pixel, 1, 1, 1, 1}, &out).code(), Code::shape_mismatch);
  k.width = k.height = 1;
  k.std[0] = 0;
  EXPECT_EQ(image_to_tensor(k, {&pixel, 1, 1, 1, 1}, &out).code(), Code::invalid_argument);
}

}  // namespace
}  // namespace hone::preprocess
