// The steps of an engine file, read as data.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/printer.h"
#include "common/wire/engine.h"

namespace hone::cli {

// [{"layer", "op", "kernel", "family", "inputs", "outputs", "attributes", "scratch_bytes",
// "workspace_bytes", "ns", "tactics"}, ...] at the sizes the first profile's tactics were timed at.
// What does not apply or is not known here is absent: scratch of a kernel that this build of Hone
// lacks, operands of sizes that overflow.
nlohmann::json describe_steps(const wire::EngineMeta& meta);
void print_steps(const nlohmann::json& steps, Printer& printer);

}  // namespace hone::cli
