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

double percentile_of_last(const std::vector<double>& samples, size_t from, double p) {
  std::vector<double> last(samples.begin() + static_cast<ptrdiff_t>(from), samples.end());
  std::sort(last.begin(), last.end());
  // The mean of both in the middle: a round may have two runs, and the lower is not the median.
  if (p == 0.5) return (last[(last.size() - 1) / 2] + last[last.size() / 2]) / 2;
  return quantile(last, p);
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
  const size_t had[2] = {samples_[0].size(), samples_[1].size()};
  const size_t first = random_() >> 63;
  for (size_t side : {first, 1 - first, 1 - first, first}) {
    HONE_RETURN_IF_ERROR(turn(side == 0 ? a : b, &samples_[side]));
  }
  return Round{placement, percentile_of_last(samples_[0], had[0], options_.percentile),
               percentile_of_last(samples_[1], had[1], options_.percentile)};
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
