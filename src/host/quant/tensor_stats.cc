#include "host/quant/tensor_stats.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace hone::quant {

namespace {

struct Extremes {
  float min = 0, max = 0;
  bool finite = true;
};

// Floats as integers of the same order: a loop over integers is vectorised, one over floats is not,
// because of NaN. What is not finite then lies beyond the infinities' places.
int32_t ordered(float v) {
  const auto i = std::bit_cast<int32_t>(v);
  return i ^ ((i >> 31) & 0x7fffffff);
}
float from_ordered(int32_t k) { return std::bit_cast<float>(k ^ ((k >> 31) & 0x7fffffff)); }

Extremes extremes(std::span<const float> values) {
  int32_t low = std::numeric_limits<int32_t>::max(), high = std::numeric_limits<int32_t>::min();
  for (float v : values) {
    const int32_t k = ordered(v);
    low = std::min(low, k);
    high = std::max(high, k);
  }
  const float infinity = std::numeric_limits<float>::infinity();
  // + 0: -0 and 0 are one value, whichever came.
  return {from_ordered(low) + 0.0f, from_ordered(high) + 0.0f,
          low > ordered(-infinity) && high < ordered(infinity)};
}

std::vector<float> finite_only(std::span<const float> values) {
  std::vector<float> out;
  for (float v : values) {
    if (std::isfinite(v)) out.push_back(v);
  }
  return out;
}

}  // namespace

// Channels along `axis`: blocks of `inner` neighbours, `channels` of them in turn.
void TensorStats::add_channels(std::span<const float> values, std::span<const int64_t> dims,
                               int axis) {
  if (axis < 0 || values.empty()) return;
  const auto n = static_cast<size_t>(dims[static_cast<size_t>(axis)]);
  size_t inner = 1;
  for (size_t i = static_cast<size_t>(axis) + 1; i < dims.size(); ++i) {
    inner *= static_cast<size_t>(dims[i]);
  }
  if (channels.size() < n) channels.resize(n);
  const size_t outer = values.size() / (n * inner);
  for (size_t c = 0; c < n; ++c) {
    ChannelStats& s = channels[c];
    double sum = 0;
    for (size_t o = 0; o < outer; ++o) {
      const std::span<const float> block = values.subspan((o * n + c) * inner, inner);
      const Extremes e = extremes(block);
      if (!e.finite) continue;
      s.min = std::min(s.min, e.min);
      s.max = std::max(s.max, e.max);
      for (float v : block) sum += v;
    }
    s.sum.add(static_cast<float>(sum));
  }
  count_per_channel += outer * inner;
}

void TensorStats::add(std::span<const float> values, std::span<const int64_t> dims,
                      int channel_axis) {
  if (values.empty()) return;
  add_channels(values, dims, channel_axis);
  Extremes e = extremes(values);
  std::vector<float> kept;
  if (!e.finite) {
    kept = finite_only(values);
    non_finite += values.size() - kept.size();
    values = kept;
    if (values.empty()) return;
    e = extremes(values);
  }
  min = std::min(min, e.min);
  max = std::max(max, e.max);
  sample_min.add(e.min);
  sample_max.add(e.max);
  ++samples;
  count += values.size();
  histogram.add(values);
}

void TensorStats::merge(const TensorStats& other) {
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  count += other.count;
  non_finite += other.non_finite;
  histogram.merge(other.histogram);
  samples += other.samples;
  sample_min.merge(other.sample_min);
  sample_max.merge(other.sample_max);
  count_per_channel += other.count_per_channel;
  if (channels.size() < other.channels.size()) channels.resize(other.channels.size());
  for (size_t c = 0; c < other.channels.size(); ++c) {
    channels[c].min = std::min(channels[c].min, other.channels[c].min);
    channels[c].max = std::max(channels[c].max, other.channels[c].max);
    channels[c].sum.merge(other.channels[c].sum);
  }
}

}  // namespace hone::quant
