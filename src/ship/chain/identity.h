// What a report is about: the engine, the model and preprocessing it was made from, the target it
// is for. A gate judges a report only where that is what ships.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "common/target/target.h"
#include "ship/project/project.h"

namespace hone::ship {

// Hash of the preprocessing contract and labels that the engine carries.
std::string preprocess_hash(const ModelSpec& model);

// report["identity"]: {engine_hash, model_hash, preprocess_hash,
// target {cpu, arch, isa, cores, threads, precision}}. `machine` is what the engine was built for.
nlohmann::json identity_json(const ModelSpec& model, const TargetSpec& target,
                             const Target& machine, const std::string& engine_hash);

// Is the report about the engine in `engine_path`, and made from `model` and `target` as hone.toml
// has them now? A model file that is not there is not held against it: where a release is judged
// there need not be one. Errors: invalid_argument, one line: what differs, what to do. Throws
// nlohmann::json::exception where a field is of another type.
Status check_identity(const nlohmann::json& report, const ModelSpec& model,
                      const TargetSpec& target, const std::string& engine_path);

// "" where `conditions` (of a measurement) are of the machine that `identity` names, else what
// differs.
std::string measured_elsewhere(const nlohmann::json& identity, const nlohmann::json& conditions);

}  // namespace hone::ship
