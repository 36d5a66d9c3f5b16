// What calibration keeps of one tensor: O(bins) memory however many samples there are. Merging and
// order never change a bit of it.
#pragma once

#include <limits>

#include "host/quant/exact_sum.h"
#include "host/quant/histogram.h"

namespace hone::quant {

struct ChannelStats {
  float min = std::numeric_limits<float>::infinity();
  float max = -std::numeric_limits<float>::infinity();
  ExactSum sum;  // of the samples' sums, each rounded to float
  double mean(uint64_t count_per_channel) const {
    return count_per_channel == 0 ? 0 : sum.value() / static_cast<double>(count_per_channel);
  }
};

struct TensorStats {
  float min = std::numeric_limits<float>::infinity();
  float max = -std::numeric_limits<float>::infinity();
  uint64_t count = 0;       // finite values
  uint64_t non_finite = 0;  // counted, and in nothing else
  Histogram histogram;
  int64_t samples = 0;  // that had a finite value
  ExactSum sample_min, sample_max;
  std::vector<ChannelStats> channels;  // where asked for
  uint64_t count_per_channel = 0;

  // One sample's values. `channel_axis` >= 0: axis of `dims` that channels lie along.
  void add(std::span<const float> values, std::span<const int64_t> dims, int channel_axis);
  // The part of add() that keeps `channels`.
  void add_channels(std::span<const float> values, std::span<const int64_t> dims, int channel_axis);
  void merge(const TensorStats& other);

  bool empty() const { return count == 0; }
  double channel_mean(size_t c) const { return channels[c].mean(count_per_channel); }
};

}  // namespace hone::quant
