// --json FILE|-, the same in every command.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/printer.h"

namespace hone::cli {

void add_json_option(CLI::App* command, std::string* where);

// Writes `j` where --json says: "" nowhere, "-" to stdout, else to that file. Call it before any
// text for people is printed, which `-` replaces: true where that text is wanted.
Result<bool> give_json(Session& session, const std::string& where, const nlohmann::json& j);

}  // namespace hone::cli
