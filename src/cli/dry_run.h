// hone build --dry-run: what a build would time and take.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/printer.h"
#include "host/engine/compile.h"

namespace hone::cli {

// {"nodes", "choices", "timings", "cached", "missing", "seconds", "packed_bytes": {"least",
// "most"}, "profiles": [{"arena_bytes", "lower_bound_bytes"}]}; seconds is null where nothing would
// be timed: the target is another machine.
nlohmann::json dry_run_json(const plan::Plan& plan, const plan::TimingSurvey& survey,
                            const engine::CompileOptions& options);
void print_dry_run(const nlohmann::json& dry_run, Printer& printer);

// What --error-on-cache-miss says of timings that are missing; ok where none is.
Status missing_timings(const plan::TimingSurvey& survey);

}  // namespace hone::cli
