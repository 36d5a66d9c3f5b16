#include "host/quant/histogram.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace hone::quant {

namespace {

// Below this the bins' width would leave the range of float.
constexpr int lowest_limit = -100;

// The exponent of the smallest power of two above `magnitude`.
int exponent_above(float magnitude) {
  int e = 0;
  std::frexp(magnitude, &e);  // magnitude = m 2^e, m in [1/2, 1)
  return std::max(e, lowest_limit);
}

float largest_magnitude(std::span<const float> values) {
  // As integers, magnitudes of floats order like the floats, and compilers vectorise it.
  uint32_t most = 0;
  for (float v : values) most = std::max(most, std::bit_cast<uint32_t>(v) & 0x7fffffffu);
  return std::bit_cast<float>(most);
}

}  // namespace

double Histogram::limit() const { return empty() ? 0 : std::ldexp(1.0, exponent_); }

void Histogram::add(std::span<const float> values) {
  const float most = largest_magnitude(values);
  assert(std::isfinite(most));
  total_ += values.size();
  if (most == 0) {
    zeros_ += values.size();
    return;
  }
  grow(exponent_above(most));
  count_values(values);
}

namespace {

constexpr size_t piece = 1024;

// The bins of at most `piece` values, and how many of them are zero (these are given the first bin
// above it). `scale` is a power of two: a product is exact or vanishes towards zero, which is the
// bin it belongs to.
uint32_t find_bins(std::span<const float> values, float scale, int32_t* bin) {
  uint32_t zeros = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto steps = static_cast<int32_t>(std::fabs(values[i]) * scale);
    const int32_t below = values[i] < 0 ? -1 : 0;
    bin[i] = Histogram::side + (steps ^ below);
    zeros += values[i] == 0 ? 1 : 0;
  }
  return zeros;
}

}  // namespace

void Histogram::count_values(std::span<const float> values) {
  const auto scale = static_cast<float>(std::ldexp(double{side}, -exponent_));
  // Counts go to four tables in turn: a value like the one before it (a flat picture, a Clip's
  // bound) would have to wait for its counter's last store. Small tensors are not worth it.
  constexpr size_t tables = 4, worth = 8192, most_at_once = size_t{1} << 31;
  thread_local std::vector<uint32_t> partial(tables * bins);
  int32_t bin[piece];
  uint64_t zeros = 0;
  while (!values.empty()) {
    const std::span<const float> part = values.first(std::min(values.size(), most_at_once));
    values = values.subspan(part.size());
    const bool large = part.size() >= worth;
    if (large) std::fill(partial.begin(), partial.end(), 0);
    uint32_t* const t = partial.data();
    for (size_t begin = 0; begin < part.size(); begin += piece) {
      const size_t n = std::min(piece, part.size() - begin);
      zeros += find_bins(part.subspan(begin, n), scale, bin);
      size_t i = 0;
      for (; large && i + tables <= n; i += tables) {
        ++t[bin[i]];
        ++t[bins + bin[i + 1]];
        ++t[2 * bins + bin[i + 2]];
        ++t[3 * bins + bin[i + 3]];
      }
      for (; i < n; ++i) ++counts_[static_cast<size_t>(bin[i])];
    }
    for (size_t i = 0; large && i < static_cast<size_t>(bins); ++i) {
      counts_[i] += uint64_t{t[i]} + t[bins + i] + t[2 * bins + i] + t[3 * bins + i];
    }
  }
  counts_[side] -= zeros;
  zeros_ += zeros;
}

void Histogram::grow(int exponent) {
  if (counts_.empty()) {
    counts_.assign(bins, 0);
    exponent_ = exponent;
    return;
  }
  for (; exponent_ < exponent; ++exponent_) {
    std::vector<uint64_t> wider(bins, 0);
    for (size_t i = 0; i < counts_.size(); ++i) wider[bins / 4 + i / 2] += counts_[i];
    counts_ = std::move(wider);
  }
}

void Histogram::merge(const Histogram& other) {
  zeros_ += other.zeros_;
  total_ += other.total_;
  if (other.empty()) return;
  grow(other.exponent_);
  if (exponent_ == other.exponent_) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    return;
  }
  Histogram same = other;
  same.grow(exponent_);
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += same.counts_[i];
}

}  // namespace hone::quant
