// hone doctor: what this machine has, and what of a model it (or another target) would not run.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "device/platform/cpu.h"
#include "host/backends/find.h"
#include "host/backends/python_modules.h"
#include "host/engine/check_model.h"
#include "host/model/files.h"
#include "host/plan/target_file.h"
#include "ship/measure/conditions.h"
#include "ship/measure/probes/measurable.h"

namespace hone::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct Options {
  std::string model, target, save_target, json;
  std::vector<std::string> shapes;
};

// "/dev/dri/renderD128 (Intel)": GPUs of three vendors share one kind of device file.
std::string with_vendor(const fs::path& node) {
  auto id = read_text("/sys/class/drm/" + node.filename().string() + "/device/vendor", 64);
  if (!id.ok()) return node.string();
  constexpr std::pair<const char*, const char*> vendors[] = {
      {"0x10de", "NVIDIA"}, {"0x8086", "Intel"}, {"0x1002", "AMD"}};
  for (const auto& [code, vendor] : vendors) {
    if (id->starts_with(code)) return fmt::format("{} ({})", node.string(), vendor);
  }
  return node.string();
}

// Device files that drivers of accelerators make; only looked for, never opened.
std::vector<std::string> accelerators() {
  constexpr std::pair<const char*, const char*> kinds[] = {
      {"/dev", "nvidia"}, {"/dev/dri", "renderD"}, {"/dev/accel", "accel"},
      {"/dev", "apex_"},  {"/dev", "hailo"},       {"/dev", "kfd"}};
  std::vector<std::string> found;
  for (const auto& [folder, prefix] : kinds) {
    std::error_code error;
    std::vector<std::string> here;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      std::string name = it->path().filename().string();
      // nvidia0 is a device, nvidiactl is not; kfd has no number.
      bool numbered = name.size() > std::strlen(prefix) && std::isdigit(name.back()) != 0;
      if (!name.starts_with(prefix) || !(numbered || name == prefix)) continue;
      if (fs::is_directory(it->path(), error)) continue;
      here.push_back(name.starts_with("renderD") ? with_vendor(it->path()) : it->path().string());
    }
    std::sort(here.begin(), here.end());
    found.insert(found.end(), here.begin(), here.end());
  }
  return found;
}

// Runtimes that the Python of `bench --against` could import; empty with *why where it cannot be
// asked.
std::vector<std::string> backends(std::string* why) {
  auto modules = backends::importable_modules(
      backends::python(),
      {"onnxruntime", "openvino", "tensorrt", "ncnn", "MNN", "ai_edge_litert", "torch"});
  std::vector<std::string> found;
  if (!modules.ok()) {
    *why = modules.status().text();
    return found;
  }
  for (const auto& m : *modules) {
    found.push_back(m.version.empty() ? m.name : fmt::format("{} {}", m.name, m.version));
  }
  return found;
}

std::string list(const std::vector<std::string>& v) {
  return v.empty() ? "none seen" : fmt::format("{}", fmt::join(v, ", "));
}

json describe_machine() {
  json j = ship::read_conditions();
  j["schema"] = 1;
  std::string why;
  j["accelerators"] = accelerators();
  j["backends"] = backends(&why);
  if (!why.empty()) j["backends_unavailable"] = why;
  ship::EnergyOptions all;
  all.gpus = true;
  j["measurable"] = json::array();
  for (const ship::Measurable& m : ship::find_measurables(all)) {
    json row = {{"what", m.what}, {"readable", m.readable}, {"text", m.text}};
    if (!m.fix.empty()) row["fix"] = m.fix;
    j["measurable"].push_back(std::move(row));
  }
  j["hints"] = ship::quiet_hints(j);
  return j;
}

// Levels of the other architecture are no news.
bool belongs(Isa isa, Arch arch) {
  return isa == Isa::portable || (isa >= Isa::neon) == (arch == Arch::aarch64);
}

// Beside time: what this machine lets a measurement read, and how to get at the rest.
void print_measurable(const json& j, Printer& p) {
  p.out("measurable");
  for (const json& m : j["measurable"]) {
    p.out(fmt::format("  {:<12}{}{}", m["what"].get<std::string>(),
                      m["readable"].get<bool>() ? "" : "no: ", m["text"].get<std::string>()));
    if (m.contains("fix")) p.out(fmt::format("  {:<12}fix: {}", "", m["fix"].get<std::string>()));
  }
  for (const json& hint : j["hints"]) {
    p.out(fmt::format("for quieter numbers: {}", hint.get<std::string>()));
  }
}

void print_machine(const Target& t, const json& j, Printer& p) {
  p.out(fmt::format("cpu           {} ({}, {} cores)", t.cpu, name(t.arch), t.cores));
  IsaMask cpu = platform::cpu_isa();
  for (int i = 0; i < isa_count; ++i) {
    auto isa = static_cast<Isa>(i);
    if (!belongs(isa, t.arch)) continue;
    bool there = has(cpu, isa), used = has(t.isa, isa);
    const char* text = used ? "yes" : there ? "yes, switched off by HONE_FORCE_ISA" : "no";
    p.out(fmt::format("  {:<12}{}", name(isa), text));
  }
  p.out(fmt::format("caches        L1d {}, L2 {}, L3 {}", human_bytes(t.l1d_bytes),
                    human_bytes(t.l2_bytes), human_bytes(t.l3_bytes)));
  p.out(fmt::format("memory        {}", human_bytes(static_cast<double>(t.memory_bytes))));
  p.out(fmt::format("governor      {}", j["governor"].get<std::string>()));
  p.out(fmt::format("load          {}", j["load"].get<std::string>()));
  p.out(fmt::format("accelerators  {}", list(j["accelerators"])));
  p.out(fmt::format("backends      {}",
                    j.contains("backends_unavailable")
                        ? "unavailable: " + j["backends_unavailable"].get<std::string>()
                        : list(j["backends"])));
  print_measurable(j, p);
}

Result<json> describe_model(const Options& o, const Target& target) {
  HONE_ASSIGN(model::Model model, model::read_model(o.model));
  HONE_ASSIGN(auto shapes, parse_shapes(o.shapes));
  auto check = engine::check_model(model, target, shapes);
  if (!check.ok()) return in(o.model, check.status());
  json j = {{"file", o.model},
            {"target", target.cpu},
            {"isa", plan::isa_names(target.isa)},
            {"runs", check->problems.empty()},
            {"problems", json::array()}};
  for (const plan::Problem& p : check->problems) {
    j["problems"].push_back({{"operator", p.op}, {"node", p.node}, {"reason", p.reason}});
  }
  if (!check->problems.empty()) return j;
  j["steps"] = check->steps;
  j["weights_bytes"] = check->weights_bytes;
  j["arena_bytes"] = check->arena_bytes;
  return j;
}

void print_model(const json& j, Printer& p) {
  std::string file = j["file"], target = fmt::format("{} ({})", j["target"].get<std::string>(),
                                                     j["isa"].get<std::string>());
  if (j["runs"].get<bool>()) {
    p.out(fmt::format(
        "{}: every operator has a kernel on {}: {} steps, {} of weights, {} between "
        "steps",
        file, target, j["steps"].get<int>(), human_bytes(j["weights_bytes"].get<double>()),
        human_bytes(j["arena_bytes"].get<double>())));
    return;
  }
  p.out(fmt::format("{}: would not run on {}:", file, target));
  for (const json& problem : j["problems"]) {
    p.out("  " + plan::problem_text(
                     plan::Problem{problem["operator"], problem["node"], problem["reason"]}));
  }
}

Status run_doctor(const Options& o, Session& s) {
  if (o.model.empty() && (!o.target.empty() || !o.shapes.empty())) {
    return invalid("--target and --shape need --model");
  }
  HONE_ASSIGN(Target machine, this_machine());
  if (!o.save_target.empty()) {
    HONE_RETURN_IF_ERROR(write_text(o.save_target, plan::to_toml(machine)));
    s.printer.note(fmt::format("{}: {}", o.save_target, machine.cpu));
    if (o.model.empty() && o.json.empty()) return {};
  }
  Target target = machine;
  if (!o.target.empty()) {
    HONE_ASSIGN(target, plan::load_target(o.target));
  }
  json model;
  if (!o.model.empty()) {
    HONE_ASSIGN(model, describe_model(o, target));
    if (!model["runs"].get<bool>()) s.exit = no;
  }
  bool machine_wanted = o.model.empty() || !o.json.empty();
  json j = machine_wanted ? describe_machine() : json::object();
  if (!o.model.empty()) j["model"] = model;
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  if (!text) return {};
  if (o.model.empty()) {
    print_machine(machine, j, s.printer);
  } else {
    print_model(model, s.printer);
  }
  return {};
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("doctor", "Report CPU, instruction sets, memory, accelerators");
  c->add_option("--model", o->model,
                "Say instead whether this model runs here, else what would not "
                "and why")
      ->type_name("MODEL.onnx");
  c->add_option("--target", o->target, "With --model: on the machine of this file, not this one")
      ->type_name("FILE.toml");
  c->add_option("--shape", o->shapes, "With --model: size of a dynamic input, as in x=1x3x224x224")
      ->type_name("NAME=SHAPE")
      ->allow_extra_args(false);
  c->add_option("--save-target", o->save_target,
                "Write what this machine is, for --target elsewhere")
      ->type_name("FILE.toml");
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "HONE_PYTHON names the Python whose other runtimes (ONNX Runtime, OpenVINO ...) are "
      "listed.\n\n"
      "examples:\n"
      "  hone doctor\n"
      "  hone doctor --model model.onnx\n"
      "  hone doctor --save-target board.toml    # on the board, then here:\n"
      "  hone doctor --model model.onnx --target board.toml --json -\n\n"
      "Exit: 0 done, 1 the model would not run, 2 error in use or model, 4 disk or permissions.");
  on_run(c, session, o, run_doctor);
}

}  // namespace hone::cli
