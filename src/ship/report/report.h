// report.html: what `hone ship` found, for people; and the runs before it.
//
// In the chain, after the report was written:
//   Status kept = report::add_to_history(folder, json);          // a warning where it is not ok
//   HONE_ASSIGN(std::string html, report::render_report({json}, report::read_history(folder)));
//   HONE_RETURN_IF_ERROR(write_text(folder + "/report.html", html));
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "ship/report/run.h"

namespace hone::ship::report {

// Keeps the report's summary in folder/history.db. A convenience: whoever calls says the error and
// goes on. Errors: those of History.
Status add_to_history(const std::string& folder, const nlohmann::json& report);

// The last runs of every model and target, the oldest first; none where there is no history or it
// cannot be read.
std::vector<Run> read_history(const std::string& folder);

// One self-contained page: one report in full; of several, an overview and each in full. Runs of
// the same model and target are the section "History". The same reports give the same bytes.
// Errors: invalid_argument where one is no report of schema 1.
Result<std::string> render_report(const std::vector<nlohmann::json>& reports,
                                  const std::vector<Run>& history);

// A page that compares runs over time, by model and target. `runs` is not empty.
std::string render_trend(const std::vector<Run>& runs);

// A report's file. Errors, one line each: not_found, io_error; corrupt where it is no JSON, nested
// deeper than a report is, or another file; version_mismatch.
Result<nlohmann::json> read_report(const std::string& path);
// The same of a file's text; errors name `path`.
Result<nlohmann::json> parse_report(std::string_view text, const std::string& path);

}  // namespace hone::ship::report
