#include "device/preprocess/tensor_rows.h"

namespace hone::preprocess {

// ITU-R BT.601's 0.299, 0.587, 0.114 in as many bits as each library has: Pillow's L 16, OpenCV's
// gray 15, Pillow's YCbCr 6, with each product rounded by itself.
int32_t gray_of(Color rule, const uint8_t* p) {
  switch (rule) {
    case Color::gray_cv2: return (9798 * p[0] + 19235 * p[1] + 3735 * p[2] + 16384) >> 15;
    case Color::luma:
      return ((19136 * p[0] + 500) / 1000 + (37568 * p[1] + 500) / 1000 +
              (7296 * p[2] + 500) / 1000) >>
             6;
    default: return (19595 * p[0] + 38470 * p[1] + 7471 * p[2] + 32768) >> 16;
  }
}

TensorRows::TensorRows(const ImageContract& k, int32_t channels, void* out)
    : k_(k), channels_(channels), out_(out), plane_(int64_t{k.width} * k.height) {
  for (int c = 0; c < k.channels(); ++c) {
    for (int v = 0; v < 256; ++v) {
      switch (k.type) {
        case PixelType::f32:
          table_.f32[c][v] = (static_cast<float>(v) * k.scale - k.mean[c]) / k.std[c];
          break;
        case PixelType::u8: table_.u8[c][v] = static_cast<uint8_t>(v); break;
        case PixelType::s8: table_.u8[c][v] = static_cast<uint8_t>(v ^ 0x80); break;
      }
    }
  }
}

template <class T>
void TensorRows::put(const T (&table)[3][256], int64_t at, const uint8_t* pixels, int64_t step,
                     int32_t count, int32_t channels) const {
  const int32_t wanted = k_.channels();
  const bool planar = k_.layout == PixelLayout::nchw;
  for (int32_t c = 0; c < wanted; ++c) {
    T* to = static_cast<T*>(out_) + (planar ? c * plane_ + at : at * wanted + c);
    const int64_t stride = planar ? 1 : wanted;
    const T* values = table[c];
    if (wanted == 1 && channels == 3) {
      for (int32_t i = 0; i < count; ++i) to[i] = values[gray_of(k_.color, pixels + i * step)];
      continue;
    }
    const uint8_t* from = pixels + (channels == 1 ? 0 : k_.color == Color::bgr ? 2 - c : c);
    for (int32_t i = 0; i < count; ++i) to[i * stride] = values[from[i * step]];
  }
}

void TensorRows::put(int64_t at, const uint8_t* pixels, int64_t step, int32_t count,
                     int32_t channels) const {
  if (k_.type == PixelType::f32) {
    put(table_.f32, at, pixels, step, count, channels);
  } else {
    put(table_.u8, at, pixels, step, count, channels);
  }
}

void TensorRows::write(int32_t y, int32_t x, const uint8_t* pixels, int32_t count) const {
  put(int64_t{y} * k_.width + x, pixels, channels_, count, channels_);
}

void TensorRows::fill(int32_t y, int32_t x, int32_t count) const {
  put(int64_t{y} * k_.width + x, k_.fill, 0, count, 3);
}

}  // namespace hone::preprocess
