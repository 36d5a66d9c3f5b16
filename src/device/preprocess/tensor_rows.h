// Rows of pixels into the tensor: colour, normalisation, type and layout in one step.
#pragma once

#include "device/preprocess/preprocess.h"

namespace hone::preprocess {

class TensorRows {
 public:
  // `channels`: of the pixels, 1 or 3.
  TensorRows(const ImageContract& contract, int32_t channels, void* out);
  // `count` pixels into row y of the tensor, from column x on.
  void write(int32_t y, int32_t x, const uint8_t* pixels, int32_t count) const;
  void fill(int32_t y, int32_t x, int32_t count) const;

 private:
  template <class T>
  void put(const T (&table)[3][256], int64_t at, const uint8_t* pixels, int64_t step, int32_t count,
           int32_t channels) const;
  void put(int64_t at, const uint8_t* pixels, int64_t step, int32_t count, int32_t channels) const;

  const ImageContract& k_;
  int32_t channels_;
  void* out_;
  int64_t plane_;
  // A value has 256 possible pixels: each is normalised once, not once per pixel.
  union {
    float f32[3][256];
    uint8_t u8[3][256];
  } table_;
};

// One value from R, G, B by a gray rule of Color.
int32_t gray_of(Color rule, const uint8_t* rgb);

}  // namespace hone::preprocess
