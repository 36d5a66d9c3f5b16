#include "cli/model_args.h"

#include <fmt/format.h>

#include "cli/checks.h"
#include "cli/inputs.h"
#include "device/platform/cpu.h"
#include "device/platform/target_detect.h"
#include "host/import/import.h"
#include "host/model/files.h"
#include "host/ops/op_def.h"
#include "host/ops/plugin.h"
#include "host/plan/profile_text.h"

namespace hone::cli {

Status engine_error(const std::string& path, const Status& s) {
  const char* hint = s.code() == Code::corrupt ? "; copy it again or build it anew" : "";
  return error(s.code(), fmt::format("{}: {}{}", path, s.text(), hint));
}

Status check_forced_isa() {
  auto isa = platform::usable_isa();
  return isa.ok() ? Status() : Status(isa.code(), isa.status().text().c_str());
}

Result<Target> this_machine() {
  HONE_RETURN_IF_ERROR(check_forced_isa());
  return platform::detect_target();
}

Result<std::pair<std::string, std::string>> split_assignment(const std::string& text,
                                                             const char* option, const char* form) {
  size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size()) {
    return invalid(fmt::format("{} '{}' is not {}", option, text, form));
  }
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

Result<std::map<std::string, Dims>> parse_shapes(const std::vector<std::string>& args) {
  std::map<std::string, Dims> shapes;
  for (const std::string& arg : args) {
    HONE_ASSIGN(auto parts, split_assignment(arg, "--shape", "NAME=SHAPE, as in x=1x3x224x224"));
    auto dims = plan::parse_dims(parts.second);
    if (!dims.ok()) return in("--shape " + arg, dims.status());
    if (!shapes.emplace(parts.first, *dims).second) {
      return invalid(fmt::format("--shape gives '{}' more than once", parts.first));
    }
  }
  return shapes;
}

Result<std::vector<std::byte>> build_in_memory(const std::string& path, int threads,
                                               const std::map<std::string, Dims>& shapes,
                                               const InMemory& build) {
  HONE_ASSIGN(Target target, this_machine());
  HONE_ASSIGN(model::Model model, model::read_model(path));
  auto graph = import(model);
  if (!graph.ok()) return in(path, graph.status());
  HONE_RETURN_IF_ERROR(in(path, check_memory(graph_io(*graph, graph->block().inputs), shapes)));
  engine::CompileOptions options;
  options.target = target;
  options.threads = threads;
  options.shapes = shapes;
  options.time = build.time;
  options.progress = build.progress;
  auto compiled = engine::compile(std::move(*graph), options);
  if (!compiled.ok()) return in(path, compiled.status());
  return std::move(compiled->bytes);
}

Result<ship::Session> open_session(const std::string& path, int threads,
                                   const std::map<std::string, Dims>& shapes,
                                   const InMemory& build) {
  HONE_ASSIGN(bool engine, is_engine_file(path));
  HONE_RETURN_IF_ERROR(check_forced_isa());
  if (engine) {
    auto session = ship::Session::open(path, threads);
    if (!session.ok()) return engine_error(path, session.status());
    return session;
  }
  HONE_ASSIGN(std::vector<std::byte> built, build_in_memory(path, threads, shapes, build));
  auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(built));
  return ship::Session::open(bytes, threads);
}

std::string type_of(const ship::IoInfo& io) {
  if (!io.ranked) return fmt::format("{} of any shape", name(io.dtype));
  std::string dims;
  for (size_t i = 0; i < io.dims.size(); ++i) {
    bool fixed = io.dims[i] >= 0;
    std::string symbol = io.symbols[i].empty() ? "?" : io.symbols[i];
    dims += (i > 0 ? "," : "") + (fixed ? std::to_string(io.dims[i]) : symbol);
  }
  return fmt::format("{}[{}]", name(io.dtype), dims);
}

std::string describe(const ship::IoInfo& io) {
  return fmt::format("'{}' ({})", io.name, type_of(io));
}

Status no_such_input(const std::string& name, const std::vector<ship::IoInfo>& inputs) {
  std::vector<std::string> names;
  for (const auto& io : inputs) names.push_back(describe(io));
  return Status(Code::not_found,
                fmt::format("no input '{}'; the model has {}", name,
                            names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

Result<std::vector<Dims>> ordered_shapes(const ship::Session& session,
                                         const std::map<std::string, Dims>& shapes) {
  std::vector<Dims> out = session.default_shapes();
  for (const auto& [name, dims] : shapes) {
    bool found = false;
    for (size_t i = 0; i < out.size(); ++i) {
      if (session.inputs()[i].name == name) out[i] = dims, found = true;
    }
    if (!found) return no_such_input(name, session.inputs());
  }
  return out;
}

Status check_memory(const std::vector<ship::IoInfo>& inputs,
                    const std::map<std::string, Dims>& shapes) {
  HONE_ASSIGN(Target machine, this_machine());
  auto there = static_cast<double>(machine.memory_bytes);
  double bytes = 0;
  for (const ship::IoInfo& io : inputs) {
    if (!shapes.contains(io.name)) continue;
    double size = bits(io.dtype);
    for (int64_t d : shapes.at(io.name)) size *= static_cast<double>(d);
    bytes += size / 8;
  }
  // Every input stands in memory at least twice: as given and in the engine's arena.
  if (there <= 0 || bytes * 2 <= there) return {};
  return error(Code::out_of_memory,
               fmt::format("inputs of {} do not fit into this machine's memory of {}; give smaller "
                           "--shape",
                           human_bytes(bytes), human_bytes(there)));
}

CLI::Option* add_threads_option(CLI::App* command, int* threads) {
  return command->add_option("--threads", *threads, "Threads to run on, 1 to 256")
      ->type_name("N")
      ->check(whole(1, 256))
      ->capture_default_str();
}

CLI::Option* add_shape_option(CLI::App* command, std::vector<std::string>* shapes) {
  return command
      ->add_option(
          "--shape", *shapes,
          "Size of a dynamic input, as in x=1x3x224x224; else what the engine's first "
          "profile was timed at (without profile 1 for the first dimension, 64 for others)")
      ->type_name("NAME=SHAPE")
      ->allow_extra_args(false);
}

void add_plugin_option(CLI::App* command, std::vector<std::string>* files) {
  command
      ->add_option("--plugin", *files,
                   "Take operators from this shared object too; repeat it for more "
                   "(docs/plugins.md)")
      ->type_name("FILE.so")
      ->allow_extra_args(false);
}

Status load_plugins(const std::vector<std::string>& files) {
  for (const std::string& file : files) HONE_RETURN_IF_ERROR(ops::add_plugin_file(file));
  return {};
}

void add_pass_options(CLI::App* command, std::vector<std::string>* disabled, int* stop_after,
                      bool* verify) {
  command
      ->add_option("--disable-pass", *disabled,
                   "Leave this pass out; repeat it for more (a wrong name lists them all)")
      ->type_name("PASS")
      ->allow_extra_args(false);
  command
      ->add_option("--stop-after", *stop_after,
                   "Apply at most N patches, to find the one that does harm")
      ->type_name("N")
      ->check(whole(0, 1'000'000'000));
  command->add_flag("--verify", *verify,
                    "Hold each patch against the reference; keeps all values in memory");
}

std::string human_bytes(double bytes) {
  if (bytes < 1e3) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1e6) return fmt::format("{:.1f} kB", bytes * 1e-3);
  if (bytes < 1e9) return fmt::format("{:.1f} MB", bytes * 1e-6);
  return fmt::format("{:.2f} GB", bytes * 1e-9);
}

std::string human_count(double n) {
  if (n < 1e3) return fmt::format("{:.0f}", n);
  if (n < 1e6) return fmt::format("{:.1f} k", n * 1e-3);
  if (n < 1e9) return fmt::format("{:.1f} M", n * 1e-6);
  return fmt::format("{:.2f} G", n * 1e-9);
}

}  // namespace hone::cli
