// Samples over time and by size, for charts.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace hone::ship {

struct TimelineBucket {
  double t_s = 0;  // its middle
  int64_t n = 0;
  double min_ms = 0, p50_ms = 0, max_ms = 0;
};
constexpr size_t timeline_buckets = 240;
// At most so many stretches of equal length; those without a sample are left out. at: ns, rising.
std::vector<TimelineBucket> timeline(std::span<const int64_t> at, std::span<const double> ms,
                                     size_t buckets = timeline_buckets);

struct Histogram {
  std::vector<double> edges_ms;  // one more than counts; the last bin reaches the greatest sample
  std::vector<int64_t> counts;
};
// Bins of equal width from the least sample to the 99th percentile, as many as Freedman and
// Diaconis advise, 5 to 60; and one more to the greatest, where the tail lies.
Histogram histogram(std::span<const double> sorted_ms);

// One minute of a long run: [minute - 1, minute).
struct Minute {
  int minute = 0;
  int64_t n = 0;
  double p50_ms = 0, p99_ms = 0, max_ms = 0;
};
// Minutes 1, 5, 30 and the last whole one, those that the run has; none for less than two minutes.
std::vector<Minute> minutes(std::span<const int64_t> at, std::span<const double> ms);

nlohmann::json to_json(const std::vector<TimelineBucket>& t);
nlohmann::json to_json(const Histogram& h);
nlohmann::json to_json(const std::vector<Minute>& m);

}  // namespace hone::ship
