// Does a run get slower, or faster, as it goes on?
#pragma once

#include <span>

namespace hone::ship {

// Median of the slopes between all pairs of points (Theil 1950, Sen 1968): a quarter of them may be
// outliers. 0 for fewer than two different x. O(n^2): give it some hundred points.
double theil_sen(std::span<const double> x, std::span<const double> y);

struct Drift {
  double percent = 0;        // from the first to the last point, of the median
  double kendall_z = 0;      // Mann-Kendall: how many standard deviations from no trend
  bool significant = false;  // |kendall_z| > 3, and at least eight points
  bool notable() const { return significant && (percent > limit || percent < -limit); }
  static constexpr double limit = 3;  // percent
};
// Of values (medians of stretches of time, all > 0) at times.
Drift find_drift(std::span<const double> times, std::span<const double> values);

}  // namespace hone::ship
