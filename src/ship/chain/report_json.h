// What stages found (JSON) -> what the gate judges.
#pragma once

#include <nlohmann/json.hpp>

#include "ship/gate/gate.h"

namespace hone::ship {

// `stages` maps names to results as run_chain stores them. Throws nlohmann::json::exception where a
// field is missing: the caller knows whether that is a bug or a damaged file.
GateReport gate_report(const nlohmann::json& stages);

}  // namespace hone::ship
