#include "ship/measure/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hone::ship {

namespace {

// Trimmed mean of log(b / a) of each placement, in order of time.
std::vector<double> units(std::span<const Round> rounds) {
  constexpr double least_ms = 1e-6;  // a run that the clock did not see
  std::vector<double> out;
  for (size_t i = 0; i < rounds.size();) {
    std::vector<double> logs;
    const int64_t placement = rounds[i].placement;
    for (; i < rounds.size() && rounds[i].placement == placement; ++i) {
      const Round& r = rounds[i];
      logs.push_back(std::log(std::max(r.b_ms, least_ms) / std::max(r.a_ms, least_ms)));
    }
    out.push_back(trimmed_mean(std::move(logs)));
  }
  return out;
}

double median_difference_ms(std::span<const Round> rounds) {
  std::vector<double> d;
  for (const Round& r : rounds) d.push_back(r.b_ms - r.a_ms);
  auto middle = d.begin() + static_cast<ptrdiff_t>(d.size() / 2);
  std::nth_element(d.begin(), middle, d.end());
  return *middle;
}

// The half-width shrinks with the root of the rounds until it is the distance to the margin; the
// fifth on top pays for further looks and for a ratio that moves.
std::optional<int64_t> rounds_to_decide(double ratio, const Interval& logs, double margin,
                                        int64_t rounds) {
  const double half = std::max(logs.high - ratio, ratio - logs.low);
  const double distance = std::abs(margin - std::abs(ratio));
  const double all = 1.2 * static_cast<double>(rounds) * half * half / (distance * distance);
  if (!(all < 1e5)) return std::nullopt;
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(all)) - rounds);
}

}  // namespace

const char* name(LatencyVerdict v) {
  constexpr const char* names[] = {"regressed", "same", "better", "inconclusive"};
  return names[static_cast<int>(v)];
}

LatencyVerdict verdict_of(const Interval& logs, double margin) {
  const double edge = std::log1p(margin);
  if (logs.low > edge) return LatencyVerdict::regressed;
  if (logs.high < -edge) return LatencyVerdict::better;
  if (logs.low >= -edge && logs.high <= edge) return LatencyVerdict::same;
  return LatencyVerdict::inconclusive;
}

Judgement judge(std::span<const Round> rounds, const JudgeOptions& o) {
  Judgement j;
  j.rounds = static_cast<int64_t>(rounds.size());
  if (rounds.empty()) {
    j.reason = "no rounds";
    j.more_rounds = first_look;
    return j;
  }
  const std::vector<double> logs = units(rounds);
  const double ratio = trimmed_mean(logs);
  const double tail = o.look > 0 ? o.error / (o.look * (o.look + 1.0)) : o.error;
  auto interval = location_interval(logs, tail);
  j.ratio = std::exp(ratio);
  if (!interval) {
    j.reason = fmt::format("{} placements are too few for an interval", logs.size());
    j.more_rounds = first_look;
    return j;
  }
  j.low = std::exp(interval->low);
  j.high = std::exp(interval->high);
  j.verdict = verdict_of(*interval, o.margin);
  if (j.verdict == LatencyVerdict::inconclusive) {
    j.reason = "the interval reaches across the margin";
    j.more_rounds = rounds_to_decide(ratio, *interval, std::log1p(o.margin), j.rounds);
  } else if (j.verdict != LatencyVerdict::same &&
             std::abs(median_difference_ms(rounds)) < o.floor_ms) {
    j.verdict = LatencyVerdict::inconclusive;
    j.reason =
        fmt::format("they differ by less than the clock resolves ({:.0f} ns)", o.floor_ms * 1e6);
  }
  return j;
}

}  // namespace hone::ship
