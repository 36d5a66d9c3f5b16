#include "host/tasks/psnr.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hone::tasks {

namespace {

struct Size {
  int64_t channels = 1, height = 0, width = 0;
  bool operator==(const Size&) const = default;
};

// 0 x 0 where `dims` are no picture's.
Size size_of(std::span<const int64_t> dims, bool channels_last) {
  while (dims.size() > 2 && dims[0] == 1 && (dims.size() > 3 || !channels_last)) {
    dims = dims.subspan(1);
  }
  if (dims.size() == 2) return {1, dims[0], dims[1]};
  if (dims.size() != 3) return {};
  return channels_last ? Size{dims[2], dims[0], dims[1]} : Size{dims[0], dims[1], dims[2]};
}

// Mean square of what `at` gives for each pixel within the border.
template <class At>
double mean_square(const Size& s, int64_t border, int64_t values, const At& at) {
  double sum = 0;
  for (int64_t y = border; y < s.height - border; ++y) {
    for (int64_t x = border; x < s.width - border; ++x) sum += at(y, x);
  }
  return sum / static_cast<double>((s.height - 2 * border) * (s.width - 2 * border) * values);
}

}  // namespace

Status Psnr::add(const Tensor& made, const Tensor& truth) {
  const Size s = size_of(made.dims(), options_.channels_last);
  const int64_t border = options_.border;
  const bool luma = options_.luma && s.channels > 1;
  if (s != size_of(truth.dims(), options_.channels_last) || s.channels < 1 ||
      s.height <= 2 * border || s.width <= 2 * border || (luma && s.channels != 3)) {
    return Status(Code::shape_mismatch,
                  fmt::format("sample {}: PSNR{} of {} against {} within a border of {}", samples(),
                              luma ? " of luma" : "", to_string(made.dims()),
                              to_string(truth.dims()), border));
  }
  const auto difference = [&](int64_t c, int64_t y, int64_t x) {
    const int64_t i = options_.channels_last ? (y * s.width + x) * s.channels + c
                                             : (c * s.height + y) * s.width + x;
    return made.at(i) - truth.at(i);
  };
  const auto squares = [&](int64_t y, int64_t x) {
    double sum = 0;
    for (int64_t c = 0; c < s.channels; ++c) sum += std::pow(difference(c, y, x), 2);
    return sum;
  };
  // Y = 16 + 65.481 R + 128.553 G + 24.966 B of 0..1; the 16 is in both.
  const auto luma_square = [&](int64_t y, int64_t x) {
    return std::pow((65.481 * difference(0, y, x) + 128.553 * difference(1, y, x) +
                     24.966 * difference(2, y, x)) /
                        255,
                    2);
  };
  const double mse =
      luma ? mean_square(s, border, 1, luma_square) : mean_square(s, border, s.channels, squares);
  if (!std::isfinite(mse)) {
    return invalid(fmt::format("sample {}: a picture has values that are not finite", samples()));
  }
  decibels_.push_back(10 * std::log10(options_.peak * options_.peak / mse));
  return {};
}

double Psnr::value() const {
  if (decibels_.empty()) return 0;
  return std::accumulate(decibels_.begin(), decibels_.end(), 0.0) /
         static_cast<double>(decibels_.size());
}

double Psnr::value_of(std::span<const int32_t> samples) const {
  if (samples.empty()) return 0;
  double sum = 0;
  for (int32_t i : samples) sum += decibels_[static_cast<size_t>(i)];
  return sum / static_cast<double>(samples.size());
}

}  // namespace hone::tasks
