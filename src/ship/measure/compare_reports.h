// Two results of `hone bench --json`, taken one after the other: what the machine did in the
// meantime is in the ratio, so only intervals that are far apart count, and only under equal
// conditions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "common/base/status.h"
#include "ship/measure/compare.h"

namespace hone::ship {

// The part of a file that bench() wrote: the whole, or stages.bench of a report of hone ship.
// Error: invalid_argument where it is neither.
Result<nlohmann::json> bench_part(const nlohmann::json& file);

// What stands for the ratio's interval is the ratios of the ends of both sides' 95 % intervals:
// wider than 95 %. inconclusive, with the reason, where a condition differs (cpu, isa, threads,
// mode, rate ...) or a side does not claim the percentile ("p50", "p99.9"). rounds is 0.
Judgement judge_reports(const nlohmann::json& a, const nlohmann::json& b,
                        const std::string& percentile, double margin);

}  // namespace hone::ship
