// Order statistics of latencies, and what may be claimed from how many samples.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hone::ship {

struct Percentile {
  double p = 0;                 // 0.95
  std::optional<double> value;  // nullopt: not claimable from so few samples
  int64_t needed = 0;           // samples that make it claimable
};

// Samples needed so that the second-largest of them bounds percentile p from above with 99 %
// confidence: the smallest n with P(at most one of n samples exceeds the percentile) =
// p^n + n (1 - p) p^(n - 1) <= 0.01; 11 for the median, which only needs an odd centre.
// 64, 130, 662, 6,636 for p90, p95, p99, p99.9 (MLPerf LoadGen's early-stopping rule).
int64_t samples_needed(double p);

// The p-quantile of the sorted samples by the nearest-rank rule (what LoadGen reports).
double quantile(std::span<const double> sorted, double p);

Percentile percentile(std::span<const double> sorted, double p);

// Of values in any order; the lower of two middles is not averaged with the upper. 0 for none.
double median(std::vector<double> values);
// The mean of two middles, where there are two; of values in any order, at least one.
double midpoint_median(std::vector<double> values);
// 1.4826 times the median distance from the median: the standard deviation of a normal
// distribution, not moved by a minority of outliers.
double robust_stddev(const std::vector<double>& values);

struct Summary {
  int64_t samples = 0;
  double mean = 0, min = 0, max = 0, stddev = 0;
  std::vector<Percentile> percentiles;  // p50, p90, p95, p99, p99.9
};
// Samples in any order; none gives an empty summary.
Summary summarize(std::vector<double> samples);

// "p50", "p99.9"
std::string percentile_name(double p);

}  // namespace hone::ship
