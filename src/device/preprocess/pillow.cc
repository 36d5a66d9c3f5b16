#include "device/preprocess/pillow.h"

#include "device/preprocess/rounding.h"

namespace hone::preprocess {

namespace {

constexpr int32_t bits = 32 - 8 - 2;  // 8 of the pixel, 2 for a cubic's overshoot

uint8_t clip(int32_t sum) {
  sum >>= bits;
  return static_cast<uint8_t>(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

int32_t rounded(double weight) {
  constexpr double one = 1 << bits;
  return static_cast<int32_t>(weight < 0 ? weight * one - 0.5 : weight * one + 0.5);
}

}  // namespace

// Triangle, or Keys' cubic with a = -1/2.
double Pillow::filter(double x) const {
  if (x < 0) x = -x;
  if (!cubic_) return x < 1 ? 1 - x : 0;
  constexpr double a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

Pillow::Axis Pillow::axis(int32_t from, int32_t to, Workspace& workspace) const {
  Axis a;
  a.from = from, a.to = to;
  if (from == to) return a;
  const double scale = static_cast<double>(from) / to;
  a.taps = ceil_of((cubic_ ? 2 : 1) * (scale < 1 ? 1 : scale)) * 2 + 1;
  a.begin = workspace.take<int32_t>(to);
  a.count = workspace.take<int32_t>(to);
  a.weights = workspace.take<int32_t>(int64_t{to} * a.taps);
  return a;
}

Pillow::Pillow(const Sizes& s, bool cubic, PillowOrder order, Workspace& workspace)
    : sizes_(s), cubic_(cubic) {
  const int32_t fewer_rows = s.from_height - s.to_height;
  down_first_ = order == PillowOrder::by_size && fewer_rows > 0 &&
                fewer_rows > 2 * int64_t{s.from_width - s.to_width};
  const int64_t n = int64_t{s.to_width} * s.channels, wide = int64_t{s.from_width} * s.channels;
  x_ = axis(s.from_width, s.to_width, workspace);
  y_ = axis(s.from_height, s.to_height, workspace);
  exact_ = workspace.take<double>(x_.taps > y_.taps ? x_.taps : y_.taps);
  if (down_first_) {
    tall_ = workspace.take<uint8_t>(wide);
  } else if (x_.taps > 0 && y_.taps > 0) {
    ring_rows_ = y_.taps < s.from_height ? y_.taps : s.from_height;
    ring_ = workspace.take<uint8_t>(ring_rows_ * n);
  }
  sum_ = workspace.take<int32_t>(down_first_ ? wide : n);
  out_ = workspace.take<uint8_t>(n);
}

void Pillow::fill(const Axis& a) const {
  const double scale = static_cast<double>(a.from) / a.to;
  const double stretch = scale < 1 ? 1 : scale;
  const double support = (cubic_ ? 2 : 1) * stretch, shrink = 1 / stretch;
  for (int32_t i = 0; i < a.to; ++i) {
    const double center = (i + 0.5) * scale;
    auto begin = static_cast<int32_t>(center - support + 0.5);
    auto end = static_cast<int32_t>(center + support + 0.5);
    if (begin < 0) begin = 0;
    if (end > a.from) end = a.from;
    double sum = 0;
    for (int32_t k = begin; k < end; ++k) {
      exact_[k - begin] = filter((k - center + 0.5) * shrink);
      sum += exact_[k - begin];
    }
    a.begin[i] = begin;
    a.count[i] = end - begin;
    int32_t* weights = a.weights + int64_t{i} * a.taps;
    for (int32_t k = 0; k < end - begin; ++k) {
      weights[k] = rounded(sum != 0 ? exact_[k] / sum : exact_[k]);
    }
  }
}

void Pillow::prepare() {
  if (x_.taps > 0) fill(x_);
  if (y_.taps > 0) fill(y_);
}

template <int channels>
void Pillow::convolve(const uint8_t* from, uint8_t* to) const {
  for (int32_t x = 0; x < sizes_.to_width; ++x) {
    const int32_t* weights = x_.weights + int64_t{x} * x_.taps;
    const uint8_t* p = from + int64_t{x_.begin[x]} * channels;
    int32_t sum[channels];
    for (int32_t& s : sum) s = 1 << (bits - 1);
    for (int32_t k = 0; k < x_.count[x]; ++k, p += channels) {
      for (int32_t c = 0; c < channels; ++c) sum[c] += p[c] * weights[k];
    }
    for (const int32_t s : sum) *to++ = clip(s);
  }
}

void Pillow::across(const uint8_t* from, uint8_t* to) const {
  if (sizes_.channels == 1) {
    convolve<1>(from, to);
  } else {
    convolve<3>(from, to);
  }
}

void Pillow::begin_sum(int64_t n) {
  for (int64_t i = 0; i < n; ++i) sum_[i] = 1 << (bits - 1);
}

void Pillow::add(const uint8_t* row, int32_t weight, int64_t n) {
  for (int64_t i = 0; i < n; ++i) sum_[i] += row[i] * weight;
}

void Pillow::end_sum(int64_t n, uint8_t* to) const {
  for (int64_t i = 0; i < n; ++i) to[i] = clip(sum_[i]);
}

const uint8_t* Pillow::down_then_across(Rows& rows, int32_t y) {
  const int64_t wide = int64_t{sizes_.from_width} * sizes_.channels;
  const int32_t* weights = y_.weights + int64_t{y} * y_.taps;
  begin_sum(wide);
  for (int32_t k = 0; k < y_.count[y]; ++k) add(rows.row(y_.begin[y] + k), weights[k], wide);
  end_sum(wide, tall_);
  if (x_.taps == 0) return tall_;
  across(tall_, out_);
  return out_;
}

const uint8_t* Pillow::across_then_down(Rows& rows, int32_t y) {
  const int64_t n = int64_t{sizes_.to_width} * sizes_.channels;
  const int32_t begin = y_.begin[y], end = begin + y_.count[y];
  const int32_t* weights = y_.weights + int64_t{y} * y_.taps;
  // What stands below `begin` is not needed again: the ranges only move down.
  if (next_ < begin) next_ = begin;
  for (; next_ < end && x_.taps > 0; ++next_) {
    across(rows.row(next_), ring_ + (next_ % ring_rows_) * n);
  }
  begin_sum(n);
  for (int32_t k = begin; k < end; ++k) {
    const uint8_t* row = x_.taps > 0 ? ring_ + (k % ring_rows_) * n : rows.row(k);
    add(row, weights[k - begin], n);
  }
  end_sum(n, out_);
  return out_;
}

const uint8_t* Pillow::row(Rows& rows, int32_t y) {
  if (y_.taps == 0) {
    across(rows.row(y), out_);
    return out_;
  }
  return down_first_ ? down_then_across(rows, y) : across_then_down(rows, y);
}

}  // namespace hone::preprocess
