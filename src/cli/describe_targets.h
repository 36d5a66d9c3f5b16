// hone inspect: what each kind of machine would run of a model.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/printer.h"
#include "host/model/onnx.h"

namespace hone::cli {

// [{"name", "runs", "problems": [{"operator", "node", "reason"}], "steps", "portable": {operator:
// steps}, "weights_bytes", "arena_bytes", "bf16", "f16", "int8"}], of the instruction sets there
// are kernels for, or of the target files given. null where the model is too large to ask them all:
// more than 4,000 nodes or 512 MB. Errors: of reading the files.
Result<nlohmann::json> describe_targets(const model::Model& model,
                                        const std::vector<std::string>& files);

// A table; targets that say the same are one row.
void print_targets(const nlohmann::json& targets, Printer& p);

}  // namespace hone::cli
