#include <cmath>

#include "device/kernels/roi/roi_impl.h"
#include "device/kernels/simd/scalar_taps.h"

namespace hone::kernels {

namespace {

constexpr double most_samples = 4096;

// Where one bin samples along one axis, and between which pixels.
struct Sample {
  bool inside = false;
  int64_t low = 0, high = 0;
  double weight = 0;  // of `high`
};

Sample sample_at(double at, int64_t size) {
  if (!(at >= -1 && at <= static_cast<double>(size))) return {};  // NaN is outside
  if (at < 0) at = 0;
  const auto low = static_cast<int64_t>(at);
  if (low >= size - 1) return {true, size - 1, size - 1, 0};
  return {true, low, low + 1, at - static_cast<double>(low)};
}

struct Axis {
  double start, extent;
  int64_t bins, samples, size;

  Axis(const RoiParams& p, double from, double to, int64_t count, int64_t pixels)
      : start(from * p.scale - (p.half_pixel ? 0.5 : 0)),
        extent((to - from) * p.scale),
        bins(count),
        samples(p.ratio),
        size(pixels) {
    if (!p.half_pixel && extent < 1) extent = 1;
    if (samples == 0) {
      const double fitting = std::ceil(extent / static_cast<double>(bins));
      const double some = fitting > 0 ? fitting : 0;  // NaN: none
      samples = static_cast<int64_t>(some < most_samples ? some : most_samples);
    }
  }
  Sample at(int64_t bin, int64_t i) const {
    const double step = extent / static_cast<double>(bins);
    const double part = (static_cast<double>(i) + 0.5) / static_cast<double>(samples);
    return sample_at(start + (static_cast<double>(bin) + part) * step, size);
  }
};

// The pixels [first, last) of one bin: the region's rounded borders, cut into equal parts.
struct Cells {
  int64_t first, last;
};
Cells cells(double from, double to, double scale, int64_t bin, int64_t bins, int64_t size) {
  const double start = std::round(from * scale), end = std::round(to * scale);
  const double length = end - start + 1 > 1 ? end - start + 1 : 1;
  const double step = length / static_cast<double>(bins);
  const auto limit = static_cast<double>(size);
  const auto inside = [limit](double v) {
    const double below = v < limit ? v : limit;  // NaN: the limit
    return static_cast<int64_t>(below > 0 ? below : 0);
  };
  return {inside(std::floor(static_cast<double>(bin) * step) + start),
          inside(std::ceil(static_cast<double>(bin + 1) * step) + start)};
}

// Taps gathered for one bin, combined whenever there is no room for more.
class Bin {
 public:
  Bin(RoiCombine combine, float* y, const float* x, int64_t channels)
      : combine_(combine), y_(y), x_(x), channels_(channels) {}
  void add(int64_t at, double weight) {
    taps_[count_++] = {at, static_cast<float>(weight)};
    if (count_ == max_taps) flush();
  }
  void flush() {
    if (count_ == 0) return;
    combine_(y_, x_, taps_, count_, channels_, more_);
    more_ = true;
    count_ = 0;
  }
  void finish() {
    flush();
    for (int64_t i = 0; !more_ && i < channels_; ++i) y_[i] = 0;
  }

 private:
  RoiCombine combine_;
  float* y_;
  const float* x_;
  int64_t channels_;
  Tap taps_[max_taps];
  int count_ = 0;
  bool more_ = false;
};

void align_bin(const RoiParams& p, const Axis& down, const Axis& across, int64_t i, int64_t j,
               Bin& bin) {
  const bool average = p.mode == RoiMode::average;
  const auto all = static_cast<double>(down.samples * across.samples);
  const double share = average && all > 0 ? 1 / all : 1;
  bool outside = false;
  for (int64_t r = 0; r < down.samples; ++r) {
    const Sample a = down.at(i, r);
    outside |= !a.inside;
    for (int64_t s = 0; a.inside && s < across.samples; ++s) {
      const Sample b = across.at(j, s);
      outside |= !b.inside;
      if (!b.inside) continue;
      bin.add((a.low * p.w + b.low) * p.c, (1 - a.weight) * (1 - b.weight) * share);
      bin.add((a.low * p.w + b.high) * p.c, (1 - a.weight) * b.weight * share);
      bin.add((a.high * p.w + b.low) * p.c, a.weight * (1 - b.weight) * share);
      bin.add((a.high * p.w + b.high) * p.c, a.weight * b.weight * share);
    }
  }
  if (outside && !average) bin.add(-1, 0);  // such samples are 0
  bin.finish();
}

void pool_bin(const RoiParams& p, const float* roi, int64_t i, int64_t j, Bin& bin) {
  auto at = [&](int k) { return static_cast<double>(roi[k]); };
  const Cells rows = cells(at(2), at(4), p.scale, i, p.oh, p.h);
  const Cells columns = cells(at(1), at(3), p.scale, j, p.ow, p.w);
  for (int64_t r = rows.first; r < rows.last; ++r) {
    for (int64_t s = columns.first; s < columns.last; ++s) bin.add((r * p.w + s) * p.c, 1);
  }
  bin.finish();
}

}  // namespace

void roi_units(const RunArgs& args, RoiCombine add, RoiCombine largest) {
  const auto& p = *static_cast<const RoiParams*>(args.params);
  const auto *x = static_cast<const float*>(args.in[0]),
             *rois = static_cast<const float*>(args.in[1]);
  const bool pool = p.mode == RoiMode::pool;
  const int64_t numbers = pool ? 5 : 4, picture = p.h * p.w * p.c;
  const RoiCombine combine = p.mode == RoiMode::average ? add : largest;
  for (int64_t u = args.begin; u < args.end; ++u) {
    const int64_t r = u / p.oh, i = u % p.oh;
    const float* roi = rois + r * numbers;
    int64_t n = -1;
    if (!pool) {
      n = static_cast<const int64_t*>(args.in[2])[r];
    } else if (roi[0] >= 0 && roi[0] < static_cast<float>(p.pictures)) {
      n = static_cast<int64_t>(roi[0]);
    }
    float* y = static_cast<float*>(args.out[0]) + u * p.ow * p.c;
    if (n < 0 || n >= p.pictures) {
      for (int64_t k = 0; k < p.ow * p.c; ++k) y[k] = 0;
      continue;
    }
    for (int64_t j = 0; j < p.ow; ++j) {
      Bin bin(combine, y + j * p.c, x + n * picture, p.c);
      if (pool) {
        pool_bin(p, roi, i, j, bin);
        continue;
      }
      auto at = [&](int k) { return static_cast<double>(roi[k]); };
      const Axis down(p, at(1), at(3), p.oh, p.h), across(p, at(0), at(2), p.ow, p.w);
      align_bin(p, down, across, i, j, bin);
    }
  }
}

namespace portable {
void roi_f32(const RunArgs& args) { roi_units(args, add_taps, max_taps_of); }
}  // namespace portable

}  // namespace hone::kernels
