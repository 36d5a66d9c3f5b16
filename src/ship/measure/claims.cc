#include "ship/measure/claims.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <vector>

#include "ship/measure/stats.h"

namespace hone::ship {

int64_t early_stopping_t(int64_t n, double p) {
  auto holds = [&](int64_t t) {
    return boost::math::ibeta(static_cast<double>(n - t), static_cast<double>(t + 1), p) <= 0.01;
  };
  if (n < 2 || !holds(1)) return 0;
  int64_t low = 1, high = n;  // holds(low), not holds(high)
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (holds(middle) ? low : high) = middle;
  }
  return low;
}

std::optional<double> upper_bound(std::span<const double> sorted, double p) {
  const auto n = static_cast<int64_t>(sorted.size());
  const int64_t t = early_stopping_t(n, p);
  if (t == 0) return std::nullopt;
  return sorted[static_cast<size_t>(n - t)];
}

namespace {

// Independent samples that would tell as much about the share of values above `limit`: the variance
// of that share's mean, taken from the means of at most this many batches, whatever n is.
constexpr size_t most_batches = 20'000;

double effective_samples(std::span<const double> series, double limit) {
  const size_t n = series.size(), size = (n + most_batches - 1) / most_batches;
  std::vector<double> shares;
  double all = 0;
  for (size_t begin = 0; begin + size <= n; begin += size) {
    double above = 0;
    for (size_t i = begin; i < begin + size; ++i) above += series[i] > limit ? 1 : 0;
    shares.push_back(above / static_cast<double>(size));
    all += shares.back();
  }
  const auto batches = static_cast<double>(shares.size());
  const double mean = all / batches;
  double variance = 0;
  for (double s : shares) variance += (s - mean) * (s - mean) / batches;
  const auto samples = static_cast<double>(n);
  if (variance <= 0) return samples;
  const double effective = mean * (1 - mean) * dependence(shares).effective / variance;
  return std::clamp(effective, 1.0, samples);
}

// The least whole number from 0 to `most` for which `holds`, which it does from there on.
template <class Fn>
double least(double most, Fn holds) {
  double low = -1, high = most;
  while (high - low > 1) {
    const double middle = std::floor((low + high) / 2);
    (holds(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

std::optional<QuantileInterval> quantile_interval(std::span<const double> sorted,
                                                  std::span<const double> in_time_order, double p) {
  const auto n = static_cast<double>(sorted.size());
  if (sorted.size() < 2) return std::nullopt;
  QuantileInterval q;
  q.effective = effective_samples(in_time_order, quantile(sorted, p));
  const double m = std::floor(q.effective + 1e-6);
  const boost::math::binomial_distribution<double> below(m, p);
  // The greatest l with P(fewer than l below) <= 2.5 %, the least u with P(fewer than u) >= 97.5 %.
  const double l = least(m, [&](double k) { return boost::math::cdf(below, k) > 0.025; });
  const double u = 1 + least(m, [&](double k) { return boost::math::cdf(below, k) >= 0.975; });
  if (l < 1 || u > m) return std::nullopt;
  // Distances from the centre as ranks of the samples there are.
  auto rank = [&](double r) { return p * n + (r - p * m) * n / m; };
  auto at = [&](double r) { return sorted[static_cast<size_t>(std::clamp(r, 1.0, n)) - 1]; };
  q.interval = {at(std::floor(rank(l) + 1e-6)), at(std::ceil(rank(u) - 1e-6))};
  return q;
}

}  // namespace hone::ship
