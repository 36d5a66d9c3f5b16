#include "ship/measure/stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hone::ship {

int64_t samples_needed(double p) {
  if (p <= 0.5) return 11;
  int64_t n = 2;
  auto miss = [&](int64_t k) {
    auto x = static_cast<double>(k);
    return std::pow(p, x) + x * (1 - p) * std::pow(p, x - 1);
  };
  while (miss(n) > 0.01) ++n;
  return n;
}

double quantile(std::span<const double> sorted, double p) {
  auto n = static_cast<double>(sorted.size());
  auto rank = static_cast<size_t>(std::max(1.0, std::ceil(p * n - 1e-9)));
  return sorted[std::min(rank, sorted.size()) - 1];
}

Percentile percentile(std::span<const double> sorted, double p) {
  Percentile out{p, std::nullopt, samples_needed(p)};
  if (static_cast<int64_t>(sorted.size()) >= out.needed) out.value = quantile(sorted, p);
  return out;
}

double median(std::vector<double> v) {
  if (v.empty()) return 0;
  auto middle = v.begin() + static_cast<ptrdiff_t>((v.size() - 1) / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

double midpoint_median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return (v[(v.size() - 1) / 2] + v[v.size() / 2]) / 2;
}

double robust_stddev(const std::vector<double>& values) {
  const double centre = median(values);
  std::vector<double> distances;
  distances.reserve(values.size());
  for (double v : values) distances.push_back(std::abs(v - centre));
  return 1.4826 * median(std::move(distances));
}

Summary summarize(std::vector<double> samples) {
  Summary s;
  s.samples = static_cast<int64_t>(samples.size());
  if (samples.empty()) return s;
  std::sort(samples.begin(), samples.end());
  auto n = static_cast<double>(samples.size());
  s.mean = std::accumulate(samples.begin(), samples.end(), 0.0) / n;
  s.min = samples.front();
  s.max = samples.back();
  double squares = 0;
  for (double x : samples) squares += (x - s.mean) * (x - s.mean);
  s.stddev = samples.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
  for (double p : {0.5, 0.9, 0.95, 0.99, 0.999}) s.percentiles.push_back(percentile(samples, p));
  return s;
}

std::string percentile_name(double p) { return fmt::format("p{:g}", p * 100); }

}  // namespace hone::ship
