// What is in an engine file, read as data: an engine for another machine can be looked at, too.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/printer.h"

namespace hone::cli {

// Errors: those of wire::verify, with the file's name.
Result<nlohmann::json> describe_engine(const std::string& path);
void print_engine(const std::string& path, const nlohmann::json& engine, Printer& printer);

// {"name", "dtype", "shape": [sizes and symbols], "range": ["1:1:4", ...] where there is one}
std::string io_line(const nlohmann::json& io);

}  // namespace hone::cli
