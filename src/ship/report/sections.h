// The sections of a report's page, one file each. What the report lacks is left out, or said to be
// unavailable where its absence matters.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "ship/report/run.h"
#include "ship/report/view.h"

namespace hone::ship::report {

Html verdict_section(const Place& place, const nlohmann::json& report);
Html figures_section(const Place& place, const nlohmann::json& report);
Html checks_section(const Place& place, const nlohmann::json& report);
Html latency_section(const Place& place, const nlohmann::json& report);
Html stages_section(const Place& place, const nlohmann::json& report);
Html accuracy_section(const Place& place, const nlohmann::json& report);
Html quantisation_section(const Place& place, const nlohmann::json& report);
Html layers_section(const Place& place, const nlohmann::json& report);
Html memory_section(const Place& place, const nlohmann::json& report);
Html energy_section(const Place& place, const nlohmann::json& report);
Html before_after_section(const Place& place, const nlohmann::json& report);
Html conditions_section(const Place& place, const nlohmann::json& report);
Html replay_section(const Place& place, const nlohmann::json& report);
// Runs of one model and target, the oldest first.
Html history_section(const Place& place, const std::vector<Run>& runs);

// One line for each report: the first thing on a page of several.
Html overview(const std::vector<nlohmann::json>& reports);

}  // namespace hone::ship::report
