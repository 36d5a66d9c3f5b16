#include "device/preprocess/preprocess.h"

namespace hone::preprocess {

namespace {

// Channel c of the model's colour order from an interleaved pixel of the picture.
int value_at(const ImageContract& k, const Picture& p, const uint8_t* pixel, int c) {
  if (p.channels == 1) return pixel[0];
  if (k.color == Color::gray) {
    return (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000;
  }
  return pixel[k.color == Color::bgr ? 2 - c : c];
}

}  // namespace

device::Status image_to_tensor(const ImageContract& k, const Picture& p, float* out) {
  if (k.width <= 0 || k.height <= 0) {
    return device::error(Code::invalid_argument, "the input's size is not set");
  }
  int channels = k.channels();
  for (int c = 0; c < channels; ++c) {
    if (!(k.std[c] != 0)) return device::error(Code::invalid_argument, "std is 0");
  }
  if (p.width != k.width || p.height != k.height) {
    return device::error(Code::shape_mismatch, FixedText() << "the picture is " << p.width << "x"
                                                           << p.height << ", the model takes "
                                                           << k.width << "x" << k.height);
  }
  if (p.channels != 1 && p.channels != 3) {
    return device::error(Code::invalid_argument, "a picture has 1 or 3 channels");
  }
  int64_t plane = static_cast<int64_t>(k.width) * k.height;
  bool planar = k.layout == PixelLayout::nchw;
  for (int32_t y = 0; y < k.height; ++y) {
    const uint8_t* row = p.pixels + y * p.stride;
    for (int32_t x = 0; x < k.width; ++x) {
      int64_t at = static_cast<int64_t>(y) * k.width + x;
      for (int c = 0; c < channels; ++c) {
        auto v = static_cast<float>(value_at(k, p, row + x * p.channels, c));
        float result = (v * k.scale - k.mean[c]) / k.std[c];
        out[planar ? c * plane + at : at * channels + c] = result;
      }
    }
  }
  return {};
}

}  // namespace hone::preprocess
