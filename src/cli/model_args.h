// What several commands do with the model or engine they are given.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "cli/printer.h"
#include "host/engine/compile.h"
#include "host/engine/engine_file.h"
#include "ship/measure/session.h"

namespace hone::cli {

using engine::is_engine_file;

// An error of reading an engine file: its name in front, what to do behind.
Status engine_error(const std::string& path, const Status& s);

// This machine as the target, ISA cut to HONE_FORCE_ISA. Errors: isa_missing.
Result<Target> this_machine();

// Error where HONE_FORCE_ISA names no level (invalid_argument) or one that this CPU lacks
// (isa_missing).
Status check_forced_isa();

// "NAME=REST" split at the last '='. Errors name the option and the form it wants.
Result<std::pair<std::string, std::string>> split_assignment(const std::string& text,
                                                             const char* option, const char* form);

// --shape NAME=1x3x224x224 ...
Result<std::map<std::string, Dims>> parse_shapes(const std::vector<std::string>& args);

// How a model is built in memory: with `time` empty without timing.
struct InMemory {
  plan::TimeKernel time;
  std::function<void(int, int, const std::string&)> progress;
};

// The engine of the ONNX file, for these shapes and this machine.
Result<std::vector<std::byte>> build_in_memory(const std::string& path, int threads,
                                               const std::map<std::string, Dims>& shapes,
                                               const InMemory& build = {});

// The engine file, or the engine of the ONNX file built in memory for these shapes.
Result<ship::Session> open_session(const std::string& path, int threads,
                                   const std::map<std::string, Dims>& shapes,
                                   const InMemory& build = {});

// Shapes by name put in the order of the session's inputs; others at their defaults.
Result<std::vector<Dims>> ordered_shapes(const ship::Session& session,
                                         const std::map<std::string, Dims>& shapes);

// "no input 'imge'; the model has 'image' (f32 [batch,1,28,28])"
Status no_such_input(const std::string& name, const std::vector<ship::IoInfo>& inputs);
std::string describe(const ship::IoInfo& io);
std::string type_of(const ship::IoInfo& io);  // "f32[batch,1,28,28]"

// Refuses shapes whose inputs alone would not fit into this machine's memory.
Status check_memory(const std::vector<ship::IoInfo>& inputs,
                    const std::map<std::string, Dims>& shapes);

// --threads N, to run on; --shape NAME=SHAPE, of inputs of an engine or a model.
CLI::Option* add_threads_option(CLI::App* command, int* threads);
CLI::Option* add_shape_option(CLI::App* command, std::vector<std::string>* shapes);
// --plugin, and what it asks for. Errors: those of ops::add_plugin_file().
void add_plugin_option(CLI::App* command, std::vector<std::string>* files);
Status load_plugins(const std::vector<std::string>& files);

// --disable-pass, --stop-after, --verify.
void add_pass_options(CLI::App* command, std::vector<std::string>* disabled, int* stop_after,
                      bool* verify);

std::string human_bytes(double bytes);  // "1.4 MB"
std::string human_count(double n);      // "3.5 M"

}  // namespace hone::cli
