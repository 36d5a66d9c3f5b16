// The text of --help, and errors of the command line in one line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "common/base/status.h"

namespace hone::cli {

// Usage, what it does, arguments, options with units and defaults, then the footer (examples, exit
// status). A signature that CLI11 takes as a formatter.
std::string help_text(const CLI::App* app, const std::string& name, CLI::AppFormatMode mode);

// Words that nothing took, or what CLI11 found wrong, said in our words. ok where neither.
Status unexpected_words(const CLI::App& app);
Status explain(const CLI::App& app, const CLI::ParseError& error);

}  // namespace hone::cli
