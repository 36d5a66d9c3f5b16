#include "ship/measure/interleave.h"

#include <algorithm>
#include <chrono>

#include "ship/measure/stats.h"

namespace hone::ship {

namespace {

int64_t monotonic_ns() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// Of a side's two turns. Both turns' medians weigh the same, or a drift would not cancel (the
// median of both together is one turn's edge); a tail takes the runs of both to be claimed.
double percentile_of(std::vector<double> first, const std::vector<double>& second, double p) {
  if (p == 0.5) return (midpoint_median(first) + midpoint_median(second)) / 2;
  first.insert(first.end(), second.begin(), second.end());
  std::sort(first.begin(), first.end());
  return quantile(first, p);
}

Status prepare(const Side& side) { return side.prepare ? side.prepare() : Status(); }

}  // namespace

int64_t least_runs(double percentile) { return percentile <= 0.5 ? 2 : samples_needed(percentile); }

Interleaver::Interleaver(InterleaveOptions options)
    : options_(std::move(options)), random_(options_.seed) {
  if (!options_.now_ns) options_.now_ns = monotonic_ns;
}

Status Interleaver::turn(const Side& side, std::vector<double>* samples) {
  HONE_RETURN_IF_ERROR(prepare(side));
  HONE_RETURN_IF_ERROR(side.run());
  const int64_t least = (least_runs(options_.percentile) + 1) / 2;
  const int64_t end = options_.now_ns() + static_cast<int64_t>(options_.turn_ms * 1e6);
  int64_t now = 0;
  for (int64_t n = 0; n < least || now < end; ++n) {
    HONE_RETURN_IF_ERROR(prepare(side));
    const int64_t start = options_.now_ns();
    HONE_RETURN_IF_ERROR(side.run());
    now = options_.now_ns();
    samples->push_back(static_cast<double>(now - start) * 1e-6);
  }
  return {};
}

Result<Round> Interleaver::round(int64_t placement, const Side& a, const Side& b) {
  const size_t first = random_() >> 63;
  std::vector<double> turns[2][2];  // side, turn
  for (size_t side : {first, 1 - first, 1 - first, first}) {
    std::vector<double>& ms = turns[side][turns[side][0].empty() ? 0 : 1];
    HONE_RETURN_IF_ERROR(turn(side == 0 ? a : b, &ms));
    samples_[side].insert(samples_[side].end(), ms.begin(), ms.end());
  }
  const double p = options_.percentile;
  return Round{placement, percentile_of(turns[0][0], turns[0][1], p),
               percentile_of(turns[1][0], turns[1][1], p)};
}

double clock_resolution_ms() {
  int64_t least = INT64_MAX;
  for (int i = 0; i < 1000; ++i) {
    const int64_t start = monotonic_ns();
    int64_t end = start;
    while (end == start) end = monotonic_ns();
    least = std::min(least, end - start);
  }
  return static_cast<double>(least) * 1e-6;
}

}  // namespace hone::ship
