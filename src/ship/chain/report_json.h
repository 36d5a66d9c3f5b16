// What stages found (JSON) -> what the gate judges; what it found -> JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "ship/gate/gate.h"

namespace hone::ship {

// `stages` maps names to results as run_chain stores them; `identity` is identity_json()'s. Throws
// nlohmann::json::exception where a field is missing: the caller knows whether that is a bug or a
// damaged file.
GateReport gate_report(const nlohmann::json& stages, const nlohmann::json& identity);

// report["gate"]: [{key, what, result: pass|fail|undecided, text, unit, value, low, high, limit,
// needed?, mcnemar_p?}]; null where there is no such figure.
nlohmann::json gate_json(const GateResult& result);

// Sets "critical" of each class in the accuracy stage's result.
void mark_critical(nlohmann::json* accuracy, const Limits& limits);

}  // namespace hone::ship
