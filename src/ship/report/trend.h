// Runs over time: charts and tables of the page that `hone report` writes, and of a report's
// history.
#pragma once

#include <string>
#include <vector>

#include "ship/report/run.h"
#include "ship/report/view.h"

namespace hone::ship::report {

// Of one model and target, the oldest first. Latencies from different machines are not connected.
Html trend_charts(int heading_level, const std::vector<Run>& runs);
Html run_table(const std::vector<Run>& runs);
// Class by class, the last run against the first; empty where they share none.
Html class_changes(const std::vector<Run>& runs);

// "2026-11-21 20:14" of an ISO 8601 time; what is none, as it is.
std::string short_time(const std::string& created);

// Runs by model and target, in the order of first appearance.
std::vector<std::vector<Run>> by_pair(const std::vector<Run>& runs);

}  // namespace hone::ship::report
