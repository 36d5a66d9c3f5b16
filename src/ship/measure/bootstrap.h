// Intervals for statistics of a series taken in order of time, in which neighbours resemble each
// other: a resample drawn value by value would take 1,000 samples of one slow minute for 1,000
// independent ones. Blocks of neighbours are drawn instead, from a series closed to a circle.
//
// - circular block bootstrap: Politis & Romano 1992; the interval is that of percentiles (Efron).
//   Not BCa: its acceleration comes from a jackknife, which is inconsistent for quantiles.
// - length of blocks: Politis & White 2004, as corrected by Patton, Politis & White 2009.
// - few blocks: a percentile interval of k independent pieces is too narrow by what Student's t and
//   the divisor k - 1 stand for; its tails are taken further out, "expanded percentile interval"
//   (Hesterberg 2015, What Teachers Should Know About the Bootstrap, section 4.3).
//
// Seeds are fixed: the same samples give the same interval, bit for bit.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hone::ship {

struct Interval {
  double low = 0, high = 0;
};

struct Dependence {
  double block = 1;      // samples per block, at least 1
  double effective = 0;  // independent samples that would tell as much about the mean; 1 to n
};
// Of the mean of a series in order of time. O(n) for independent samples, O(n sqrt n) at worst.
Dependence dependence(std::span<const double> series);

// Two-sided interval of the p-quantile (nearest rank, as quantile() of stats.h), any unit, from
// samples in order of time; dependence is that of being above or below the quantile. nullopt where
// the samples do not give one: so few that all of them may lie on one side of the quantile.
// A million samples take some 0.5 s.
std::optional<Interval> percentile_interval(std::span<const double> samples_in_time_order, double p,
                                            double level = 0.95);

// The mean of the values but the fifth of them at either end: one stalled round must not decide.
double trimmed_mean(std::vector<double> values);

// Two-sided interval of the trimmed mean of a series in order of time; each side is missed with
// probability `tail`. Resamples are read at 1 % and carried to `tail` in the proportion of
// Student's t, since a few thousand resamples do not reach further out. Meant for tens to thousands
// of values. nullopt below 3 blocks.
std::optional<Interval> location_interval(std::span<const double> series, double tail);

}  // namespace hone::ship
