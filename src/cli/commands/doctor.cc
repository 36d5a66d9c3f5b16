// hone doctor: what this machine has, and what of a model it would not run.

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/model_args.h"
#include "device/platform/cpu.h"
#include "host/import/import.h"
#include "host/passes/pass.h"
#include "ship/measure/conditions.h"

namespace hone::cli {

namespace fs = std::filesystem;

namespace {

struct Options {
  std::string model, json;
};

// Device files that drivers of accelerators make.
std::vector<std::string> accelerators() {
  std::vector<std::string> found;
  for (const char* path : {"/dev/nvidia0", "/dev/dri/renderD128", "/dev/apex_0", "/dev/hailo0",
                           "/dev/accel/accel0", "/dev/kfd"}) {
    std::error_code error;
    if (fs::exists(path, error)) found.emplace_back(path);
  }
  return found;
}

// Folders of Python packages that hold other runtimes, found without starting an interpreter.
std::vector<std::string> backends() {
  std::vector<std::string> found;
  std::vector<fs::path> roots;
  std::error_code error;
  for (const char* lib : {"/usr/lib/python3", "/usr/local/lib"}) {
    for (fs::directory_iterator it(lib, error), end; !error && it != end; it.increment(error)) {
      roots.push_back(it->path());
      roots.push_back(it->path() / "site-packages");
      roots.push_back(it->path() / "dist-packages");
    }
  }
  for (const char* package : {"onnxruntime", "openvino", "ncnn", "MNN", "ai_edge_litert"}) {
    for (const fs::path& root : roots) {
      if (!fs::exists(root / package, error)) continue;
      found.emplace_back(package);
      break;
    }
  }
  return found;
}

std::string list(const std::vector<std::string>& v) {
  return v.empty() ? "none seen" : fmt::format("{}", fmt::join(v, ", "));
}

// Imports, optimises and plans without timing: every node without a kernel is in the error.
Status check_model(const std::string& path, const Target& target) {
  HONE_ASSIGN(model::Model model, model::read_model(path));
  engine::CompileOptions c;
  c.target = target;
  auto built = engine::compile(model, c);
  return built.ok() ? Status() : in(path, built.status());
}

Status run_doctor(const Options& o, Session& s) {
  HONE_ASSIGN(Target t, this_machine());
  nlohmann::json j = ship::read_conditions();
  j["accelerators"] = accelerators();
  j["backends"] = backends();
  if (!o.json.empty()) {
    s.printer.out(j.dump(1));
  } else {
    s.printer.out(fmt::format("cpu           {} ({}, {} cores)", t.cpu, name(t.arch), t.cores));
    IsaMask cpu = platform::cpu_isa();
    for (int i = 0; i < isa_count; ++i) {
      auto isa = static_cast<Isa>(i);
      bool there = has(cpu, isa), used = has(t.isa, isa);
      s.printer.out(fmt::format("  {:<12}{}", name(isa),
                                used    ? "yes"
                                : there ? "yes, switched off by HONE_FORCE_ISA"
                                        : "no"));
    }
    s.printer.out(fmt::format("caches        L1d {}, L2 {}, L3 {}", human_bytes(t.l1d_bytes),
                              human_bytes(t.l2_bytes), human_bytes(t.l3_bytes)));
    s.printer.out(
        fmt::format("memory        {}", human_bytes(static_cast<double>(t.memory_bytes))));
    s.printer.out(fmt::format("governor      {}", j["governor"].get<std::string>()));
    s.printer.out(fmt::format("load          {}", j["load"].get<std::string>()));
    s.printer.out(fmt::format("accelerators  {}", list(accelerators())));
    s.printer.out(fmt::format("backends      {}", list(backends())));
  }
  if (o.model.empty()) return {};
  HONE_RETURN_IF_ERROR(check_model(o.model, t));
  s.printer.note(fmt::format("{}: every operator has a kernel here", o.model));
  return {};
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("doctor", "Report CPU, instruction sets, memory, accelerators");
  c->add_option("--model", o->model, "Say what of this model would not run, and why");
  c->add_option("--json", o->json, "Print JSON; - is stdout")->check(CLI::IsMember({"-"}));
  c->footer("Example: hone doctor --model model.onnx");
  on_run(c, session, o, run_doctor);
}

}  // namespace hone::cli
