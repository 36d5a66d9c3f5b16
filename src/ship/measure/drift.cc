#include "ship/measure/drift.h"

#include <cmath>
#include <vector>

#include "ship/measure/stats.h"

namespace hone::ship {

double theil_sen(std::span<const double> x, std::span<const double> y) {
  std::vector<double> slopes;
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t k = i + 1; k < x.size(); ++k) {
      if (x[k] != x[i]) slopes.push_back((y[k] - y[i]) / (x[k] - x[i]));
    }
  }
  return median(std::move(slopes));
}

namespace {

double kendall_z(std::span<const double> y) {
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    for (size_t k = i + 1; k < y.size(); ++k) sum += (y[k] > y[i]) - (y[k] < y[i]);
  }
  const auto n = static_cast<double>(y.size());
  const double variance = n * (n - 1) * (2 * n + 5) / 18;
  return variance > 0 ? sum / std::sqrt(variance) : 0;
}

}  // namespace

Drift find_drift(std::span<const double> times, std::span<const double> values) {
  Drift d;
  if (values.size() < 2) return d;
  const double middle = median({values.begin(), values.end()});
  if (middle <= 0) return d;
  d.percent = 100 * theil_sen(times, values) * (times.back() - times.front()) / middle;
  d.kendall_z = kendall_z(values);
  d.significant = values.size() >= 8 && std::abs(d.kendall_z) > 3;
  return d;
}

}  // namespace hone::ship
