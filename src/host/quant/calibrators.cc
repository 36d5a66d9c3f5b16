#include "host/quant/calibrators.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/base/nearest.h"
#include "host/quant/calibrators_internal.h"

namespace hone::quant {

namespace {

constexpr const char* names[] = {"min-max", "moving-average", "percentile", "mse", "entropy"};

// Shares of a count are compared with counts: a share that is a whole number must be that number.
constexpr double slack = 1e-6;

Range percentile_of_magnitudes(const Histogram& h, double kept) {
  const auto counts = h.counts();
  double left = kept * static_cast<double>(h.total()) - static_cast<double>(h.zeros());
  int i = 0;
  for (; i < Histogram::side && left > slack; ++i) {
    left -= static_cast<double>(counts[static_cast<size_t>(Histogram::side + i)] +
                                counts[static_cast<size_t>(Histogram::side - 1 - i)]);
  }
  const auto a = static_cast<float>(h.left(Histogram::side + i));
  return {-a, a};
}

// The outer edges of the bins in which the cuts at either end lie.
Range percentile_of_values(const Histogram& h, double kept) {
  const auto counts = h.counts();
  const double cut = (1 - kept) / 2 * static_cast<double>(h.total()) + slack;
  double below = 0, above = 0;
  int low = 0, high = Histogram::bins;
  while (low < Histogram::side &&
         below + static_cast<double>(counts[static_cast<size_t>(low)]) <= cut) {
    below += static_cast<double>(counts[static_cast<size_t>(low++)]);
  }
  while (high > Histogram::side &&
         above + static_cast<double>(counts[static_cast<size_t>(high - 1)]) <= cut) {
    above += static_cast<double>(counts[static_cast<size_t>(--high)]);
  }
  return {static_cast<float>(h.left(low)), static_cast<float>(h.left(high))};
}

Range seen(const TensorStats& s) { return {s.min, s.max}; }

Range averaged(const TensorStats& s) {
  const auto n = static_cast<double>(s.samples);
  return {static_cast<float>(s.sample_min.value() / n),
          static_cast<float>(s.sample_max.value() / n)};
}

}  // namespace

const char* name(Calibrator c) { return names[static_cast<size_t>(c)]; }

Result<Calibrator> parse_calibrator(std::string_view text) {
  for (Calibrator c : all_calibrators) {
    if (text == name(c)) return c;
  }
  std::vector<std::string> known(std::begin(names), std::end(names));
  const std::string near = nearest(text, known);
  return invalid(fmt::format("no calibrator '{}'; {}", text,
                             near.empty() ? fmt::format("there are {}", fmt::join(known, ", "))
                                          : "did you mean '" + near + "'?"));
}

double GridSpec::lowest() const {
  switch (type) {
    case DType::i8: return -128;
    case DType::i16: return -32768;
    default: return 0;
  }
}

double GridSpec::highest() const {
  switch (type) {
    case DType::i8: return 127;
    case DType::i16: return 32767;
    case DType::u16: return 65535;
    default: return 255;
  }
}

Range bounded(const Range& r, const TensorStats& s, const GridSpec& grid) {
  Range out = {std::min(std::max(r.low, s.min), 0.0f), std::max(std::min(r.high, s.max), 0.0f)};
  if (!grid.symmetric) return out;
  const float a = std::max(-out.low, out.high);
  return {-a, a};
}

Range choose_range(const TensorStats& s, Calibrator c, const GridSpec& grid,
                   const CalibratorOptions& options) {
  if (s.empty() || s.histogram.empty()) return {};
  const double kept = options.percentile / 100;
  switch (c) {
    case Calibrator::min_max: return bounded(seen(s), s, grid);
    case Calibrator::moving_average: return bounded(averaged(s), s, grid);
    case Calibrator::percentile:
      return bounded(grid.symmetric ? percentile_of_magnitudes(s.histogram, kept)
                                    : percentile_of_values(s.histogram, kept),
                     s, grid);
    case Calibrator::mse: return least_error_range(s, grid);
    case Calibrator::entropy: return least_divergence_range(s, grid);
  }
  return bounded(seen(s), s, grid);
}

}  // namespace hone::quant
