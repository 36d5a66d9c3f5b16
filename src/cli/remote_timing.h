// Timings from another machine: --timing-requests FILE writes what is to be timed there, --timer
// COMMAND has it timed at once.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "host/engine/compile.h"

namespace hone::cli {

struct RemoteTiming {
  std::string requests;  // file to write
  std::string command;   // reads requests, writes timings
};
void add_remote_timing_options(CLI::App* command, RemoteTiming* options);

// Writes to `path` what a build with `c` would time and `c.cache` lacks; returns how many timings.
Result<size_t> write_requests(const std::string& path, const model::Model& model,
                              engine::CompileOptions c);

// Has them timed by `command` (a line for the shell) and adds what it answers to `c.cache`. The
// files in between lie beside `out` and are gone afterwards. Errors: those of write_requests;
// io_error where the command fails; corrupt where its answer is no timing cache.
Status time_by(const std::string& command, const std::string& out, const model::Model& model,
               const engine::CompileOptions& c);

}  // namespace hone::cli
