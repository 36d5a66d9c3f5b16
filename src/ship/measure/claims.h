// What samples allow to be said of a percentile: a bound, and an interval.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "ship/measure/bootstrap.h"

namespace hone::ship {

// MLPerf LoadGen's early stopping (confidence 99 %, tolerance 0): the largest t for which
// I(p; n - t, t + 1) <= 0.01, the chance that of n samples at most t exceed the p-quantile. 0: too
// few samples for a claim. 1 is what samples_needed(p) asks for, but for the median's.
int64_t early_stopping_t(int64_t n, double p);

// Upper bound of the p-quantile that holds with 99 % confidence for independent samples: the
// greatest sample but the t - 1 greatest ones. nullopt where t is 0.
std::optional<double> upper_bound(std::span<const double> sorted, double p);

struct QuantileInterval {
  Interval interval;
  double effective = 0;  // independent samples that would tell as much; at most n
};
// 95 % interval of the p-quantile between two order statistics, by the binomial distribution of how
// many samples lie below it. Neighbours in time resemble each other, which widens it: n is replaced
// by the number of independent samples that would tell as much about the share beyond the quantile.
// nullopt where the samples do not reach: one of the two would lie outside. O(n log n).
std::optional<QuantileInterval> quantile_interval(std::span<const double> sorted,
                                                  std::span<const double> in_time_order, double p);

}  // namespace hone::ship
