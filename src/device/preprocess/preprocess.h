// The preprocessing contract: from a decoded picture to a model's input, as pure functions on the
// caller's buffers. Evaluation, calibration and the device call the same code.
#pragma once

#include <cstdint>

#include "common/base/device_status.h"

namespace hone::preprocess {

enum class Color : uint8_t { gray = 0, rgb = 1, bgr = 2 };
enum class PixelLayout : uint8_t { nchw = 0, nhwc = 1 };

constexpr int max_channels = 4;

// y = (x scale - mean[c]) / std[c], x the pixel's value in 0..255, evaluated in f32 in this order.
struct ImageContract {
  int32_t width = 0, height = 0;  // of the model's input; the picture must have this size
  Color color = Color::rgb;
  PixelLayout layout = PixelLayout::nchw;
  float scale = 1;
  float mean[max_channels] = {0, 0, 0, 0};
  float std[max_channels] = {1, 1, 1, 1};
  int32_t channels() const { return color == Color::gray ? 1 : 3; }
};

// A decoded picture: 8 bits a channel, interleaved, rows `stride` bytes apart; RGB order or gray.
struct Picture {
  const uint8_t* pixels = nullptr;
  int32_t width = 0, height = 0, channels = 0;
  int64_t stride = 0;
};

// Writes contract.channels() x height x width floats in the contract's layout. Gray from RGB is
// (299 R + 587 G + 114 B + 500) / 1000 (ITU-R BT.601, as Pillow's "L" up to rounding); RGB from
// gray repeats it. Errors: shape_mismatch for another size, invalid_argument for a contract that
// makes no sense (std 0, no size).
device::Status image_to_tensor(const ImageContract& contract, const Picture& picture, float* out);

}  // namespace hone::preprocess
