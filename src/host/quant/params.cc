// compression.md 2.1.
#include "host/quant/params.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

namespace hone::quant {

Affine affine_of(const Range& range, const GridSpec& grid) {
  const double low = std::min(0.0, static_cast<double>(range.low));
  const double high = std::max(0.0, static_cast<double>(range.high));
  const double lowest = grid.lowest(), highest = grid.highest();
  // Of signed types the lowest step is left out, so that both ends are alike.
  const double steps = grid.symmetric ? std::floor((highest - lowest) / 2) : highest - lowest;
  const double width = grid.symmetric ? std::max(-low, high) : high - low;
  const auto scale = static_cast<float>(width / steps);
  const double middle = grid.symmetric ? std::ceil((lowest + highest) / 2) : 0;
  const auto of = [](float s, double zero) { return Affine{s, static_cast<int32_t>(zero)}; };
  if (!std::isfinite(scale) || scale < FLT_MIN) {
    return of(1, grid.symmetric ? middle : std::clamp(0.0, lowest, highest));
  }
  if (grid.symmetric) return of(scale, middle);
  const double zero = std::nearbyint(lowest - low / static_cast<double>(scale));
  return of(scale, std::clamp(zero, lowest, highest));
}

std::vector<float> weight_scales(std::span<const float> largest, int highest) {
  const float most = largest.empty() ? 0 : *std::max_element(largest.begin(), largest.end());
  const float dead = most * 0x1p-20f;
  std::vector<float> alive;
  for (const float w : largest) {
    if (w > dead) alive.push_back(w);
  }
  // The lower of two middles: a weight of the layer itself.
  float median = 0;
  if (!alive.empty()) {
    const auto middle = alive.begin() + static_cast<std::ptrdiff_t>((alive.size() - 1) / 2);
    std::nth_element(alive.begin(), middle, alive.end());
    median = *middle;
  }
  std::vector<float> scales;
  for (const float w : largest) {
    const auto s = static_cast<float>(static_cast<double>(w > dead ? w : median) / highest);
    scales.push_back(s >= FLT_MIN ? s : 1);
  }
  return scales;
}

bool guard_bias(std::span<const float> bias, float input_scale, std::span<float> scales) {
  constexpr double most = 1 << 30;
  bool raised = false;
  for (size_t c = 0; c < bias.size(); ++c) {
    float& s = scales[scales.size() == 1 ? 0 : c % scales.size()];
    const double least = std::abs(static_cast<double>(bias[c])) / most / input_scale;
    if (static_cast<double>(s) >= least) continue;
    // The next float up: rounding must not take the bias over the limit again.
    s = std::nextafter(static_cast<float>(least), HUGE_VALF);
    raised = true;
  }
  return raised;
}

}  // namespace hone::quant
