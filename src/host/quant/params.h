// Scale and zero point: of an activation from its range, of weights from the weights.
#pragma once

#include <span>
#include <vector>

#include "host/quant/calibrators.h"

namespace hone::quant {

// value = scale (q - zero)
struct Affine {
  float scale = 1;
  int32_t zero = 0;
  friend bool operator==(const Affine&, const Affine&) = default;
};

// The range widened to hold 0, spread over the type: s = (high - low) / (highest - lowest) in
// double, zero = round(lowest - low / s). A range of nothing gives scale 1. Symmetric: the larger
// magnitude at the far end (127 of 128 on signed types), zero in the middle.
Affine affine_of(const Range& range, const GridSpec& grid);

// The scale of each channel of symmetric weights, [-127, 127] for 8 bits: max|w| / 127. A dead
// channel (no weight beyond 2^-20 of the largest of the layer) takes the median of the others:
// its own would make its bias overflow.
std::vector<float> weight_scales(std::span<const float> largest, int highest);

// Raised so that |bias| / (input_scale * scale) leaves an accumulator of 32 bits room: at most
// 2^30. Returns whether anything had to be.
bool guard_bias(std::span<const float> bias, float input_scale, std::span<float> scales);

}  // namespace hone::quant
