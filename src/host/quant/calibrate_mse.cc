// Least mean squared error over ranges.
#include <algorithm>
#include <cmath>
#include <limits>

#include "host/quant/calibrators_internal.h"

namespace hone::quant {

namespace {

// The grid that formula 2.1 of compression.md gives a range: step, and its lowest and highest
// values.
struct Grid {
  double step = 0, low = 0, high = 0;
};

Grid make_grid(const Range& r, const GridSpec& spec) {
  const double lowest = spec.lowest(), highest = spec.highest();
  Grid g;
  if (spec.symmetric) {
    // Signed grids use the magnitudes that both signs have; unsigned ones have their middle as 0.
    const double middle = lowest < 0 ? 0 : (highest + 1) / 2;
    g.step = std::max(-double{r.low}, double{r.high}) / (highest - middle);
    g.low = (lowest - middle) * g.step;
    g.high = (highest - middle) * g.step;
    return g;
  }
  g.step = (double{r.high} - r.low) / (highest - lowest);
  const double zero = std::nearbyint(lowest - r.low / g.step);
  g.low = (lowest - zero) * g.step;
  g.high = (highest - zero) * g.step;
  return g;
}

double cube(double x) { return x * x * x; }

// Round half even without a call: below 2^51 the sum has no fraction.
double nearest(double x) {
  constexpr double shift = 0x1.8p52;
  return (x + shift) - shift;
}

// Integral from 0 to x of (t - step round(t / step))^2.
double rounding(double x, const Grid& g) {
  const double n = nearest(x / g.step);
  return n * cube(g.step) / 12 + cube(x - n * g.step) / 3;
}

// Integral of the squared error over [a, b].
double error_over(double a, double b, const Grid& g) {
  if (a >= g.low && b <= g.high) return rounding(b, g) - rounding(a, g);
  double sum = 0;
  if (a < g.low) sum += (cube(g.low - a) - cube(g.low - std::min(b, g.low))) / 3;
  if (b > g.high) sum += (cube(b - g.high) - cube(std::max(a, g.high) - g.high)) / 3;
  const double from = std::max(a, g.low), to = std::min(b, g.high);
  if (to > from) sum += rounding(to, g) - rounding(from, g);
  return sum;
}

// Sum of the squared errors, values spread evenly over their bins.
double total_error(const Histogram& h, const Grid& g) {
  const auto counts = h.counts();
  const double width = h.width();
  double sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const double left = width * (static_cast<double>(i) - Histogram::side);
    sum += static_cast<double>(counts[i]) * error_over(left, left + width, g);
  }
  return sum / width;
}

// Searches the shares of both ends that are kept.
class Search {
 public:
  Search(const TensorStats& s, const GridSpec& spec)
      : stats_(s), spec_(spec), whole_(bounded({s.min, s.max}, s, spec)) {}

  Range run() {
    try_range(1, 1);
    // Both ends together find the neighbourhood, then each in turn its own place.
    for (int i = 1; i < places; ++i) try_range(share(i), share(i));
    if (!spec_.symmetric && whole_.low < 0 && whole_.high > 0) {
      for (int round = 0; round < 2; ++round) {
        const double high = high_;
        for (int i = 0; i < places; ++i) try_range(share(i), high);
        const double low = low_;
        for (int i = 0; i < places; ++i) try_range(low, share(i));
      }
    }
    return range(low_, high_);
  }

 private:
  static constexpr int places = 100;
  static double share(int i) { return static_cast<double>(places - i) / places; }

  Range range(double low, double high) const {
    return {static_cast<float>(whole_.low * low), static_cast<float>(whole_.high * high)};
  }
  // Of equal errors the first, which is the wider range.
  void try_range(double low, double high) {
    const double e = total_error(stats_.histogram, make_grid(range(low, high), spec_));
    if (e < least_) least_ = e, low_ = low, high_ = high;
  }

  const TensorStats& stats_;
  const GridSpec spec_;
  const Range whole_;
  double least_ = std::numeric_limits<double>::infinity(), low_ = 1, high_ = 1;
};

}  // namespace

Range least_error_range(const TensorStats& s, const GridSpec& grid) {
  return Search(s, grid).run();
}

double expected_error(const TensorStats& s, const Range& range, const GridSpec& grid) {
  if (s.count == 0 || s.histogram.empty()) return 0;
  const Grid g = make_grid(range, grid);
  if (!(g.step > 0)) return std::numeric_limits<double>::infinity();
  return total_error(s.histogram, g) / static_cast<double>(s.count);
}

}  // namespace hone::quant
