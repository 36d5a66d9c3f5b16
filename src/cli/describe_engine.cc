#include "cli/describe_engine.h"

#include <fmt/format.h>

#include <map>

#include "cli/model_args.h"
#include "cli/precisions.h"
#include "common/wire/engine.h"
#include "common/wire/vectors.h"
#include "device/platform/cpu.h"
#include "engine_generated.h"
#include "host/model/files.h"
#include "host/plan/target_file.h"

namespace hone::cli {

using nlohmann::json;
using wire::size_of;

namespace {

std::string text(const flatbuffers::String* s) { return s == nullptr ? "" : s->str(); }

json describe_io(const wire::Io& io) {
  json shape = json::array();
  for (uint32_t i = 0; i < size_of(io.shape()); ++i) {
    const wire::Dim& d = *io.shape()->Get(i);
    if (d.size() >= 0) {
      shape.push_back(d.size());
    } else {
      shape.push_back(text(d.symbol()));
    }
  }
  return {
      {"name", text(io.name())}, {"dtype", name(static_cast<DType>(io.dtype()))}, {"shape", shape}};
}

// Ranges of all inputs, "1x3x32x32:1x3x32x32:4x3x32x32", by name.
json describe_ranges(const wire::EngineMeta& m, const wire::Profile& p) {
  json ranges = json::object();
  uint32_t at = 0;
  for (uint32_t i = 0; i < size_of(m.inputs()); ++i) {
    std::string low, opt, high;
    for (uint32_t d = 0; d < size_of(m.inputs()->Get(i)->shape()); ++d) {
      const wire::Range& r = *p.ranges()->Get(at++);
      const char* sep = d == 0 ? "" : "x";
      low += fmt::format("{}{}", sep, r.min());
      opt += fmt::format("{}{}", sep, r.opt());
      high += fmt::format("{}{}", sep, r.max());
    }
    ranges[text(m.inputs()->Get(i)->name())] = fmt::format("{}:{}:{}", low, opt, high);
  }
  return ranges;
}

using Notes = flatbuffers::Vector<flatbuffers::Offset<wire::StepNote>>;

std::map<int32_t, double> step_ns(const Notes* notes) {
  std::map<int32_t, double> ns;
  for (uint32_t i = 0; i < size_of(notes); ++i) ns[notes->Get(i)->step()] = notes->Get(i)->ns();
  return ns;
}

// Steps that run another kernel under this profile than under the first.
json describe_choices(const wire::EngineMeta& m, const wire::Profile& p) {
  std::map<int32_t, double> ns = step_ns(p.notes());
  json list = json::array();
  for (uint32_t i = 0; i < size_of(p.choices()); ++i) {
    const wire::Choice& c = *p.choices()->Get(i);
    const wire::Step& s = *m.steps()->Get(static_cast<uint32_t>(c.step()));
    json j = {{"step", c.step()}, {"layer", text(s.layer())}, {"kernel", text(c.kernel())}};
    if (ns[c.step()] > 0) j["ns"] = ns[c.step()];
    list.push_back(std::move(j));
  }
  return list;
}

// What a context takes, from the runtime itself; nothing where this machine cannot load it.
json describe_memory(const std::string& path, const wire::EngineMeta& m) {
  json profiles = json::array();
  auto session = ship::Session::open(path, 1);
  for (uint32_t i = 0; i < size_of(m.profiles()); ++i) {
    const wire::Profile& p = *m.profiles()->Get(i);
    const bool ranged = size_of(p.ranges()) > 0;
    json j = {{"any_size", !ranged}};
    if (ranged) {
      j["ranges"] = describe_ranges(m, p);
      j["values_bytes"] = p.arena_bytes();
    }
    const auto number = static_cast<int32_t>(i);
    if (session.ok() && session->context().set_profile(number) == HONE_OK &&
        session->bind(session->default_shapes(number)).ok()) {
      auto info = sized<hone_memory_info>();
      if (hone_context_memory(session->context().get(), &info) == HONE_OK) {
        j["arena_bytes"] = info.arena_bytes;
        j["values_bytes"] = info.values_bytes;
        j["work_bytes"] = info.work_bytes;
        j["io_bytes"] = info.io_bytes;
        j["context_bytes"] = info.context_bytes;
      }
    }
    j["choices"] = describe_choices(m, p);
    profiles.push_back(std::move(j));
  }
  return profiles;
}

json describe_steps(const wire::EngineMeta& m) {
  std::map<int32_t, double> ns = step_ns(m.notes());
  json steps = json::array();
  for (uint32_t i = 0; i < size_of(m.steps()); ++i) {
    const wire::Step& s = *m.steps()->Get(i);
    std::string kernel = text(s.kernel());
    if (s.kind() == wire::StepKind::branch) {
      kernel = fmt::format("branch: {} steps, else {}", s.then_steps(), s.else_steps());
    }
    if (s.kind() == wire::StepKind::trap) kernel = "trap: " + text(s.text());
    json step = {{"layer", text(s.layer())}, {"op", text(s.op())}, {"kernel", kernel}};
    if (auto it = ns.find(static_cast<int32_t>(i)); it != ns.end() && it->second > 0) {
      step["ns"] = it->second;
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

std::string plural(size_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

void print_memory(const json& j, Printer& p) {
  const bool several = j["profiles"].size() > 1;
  int number = 0;
  for (const json& profile : j["profiles"]) {
    std::string line = several ? fmt::format("profile {:<4} ", number++) : "profile      ";
    if (profile["any_size"].get<bool>()) {
      line += j["dynamic"].get<bool>() ? "any size" : "fixed sizes";
    } else {
      std::string ranges;
      for (const auto& [name, range] : profile["ranges"].items()) {
        ranges += (ranges.empty() ? "" : ", ") + name + " " + range.get<std::string>();
      }
      line += ranges;
    }
    auto bytes = [&](const char* key) { return human_bytes(profile[key].get<double>()); };
    if (profile.contains("arena_bytes")) {
      line += fmt::format("; arena {} (values {}, kernels' work {}, inputs and outputs {}){}",
                          bytes("arena_bytes"), bytes("values_bytes"), bytes("work_bytes"),
                          bytes("io_bytes"),
                          j["dynamic"].get<bool>() && profile["any_size"].get<bool>()
                              ? " at the sizes it was timed at"
                              : "");
    } else if (profile.contains("values_bytes")) {
      line += fmt::format("; values {}", bytes("values_bytes"));
    }
    if (size_t n = profile["choices"].size(); n > 0) {
      line += fmt::format("; {} with other kernels", plural(n, "step"));
    }
    p.out(line);
  }
}

void print_steps(const json& steps, Printer& p) {
  auto shortened = [](std::string s) { return s.size() > 60 ? s.substr(0, 57) + "..." : s; };
  size_t widest[2] = {8, 6};
  for (const json& s : steps) {
    widest[0] = std::max(widest[0], s["op"].get<std::string>().size());
    widest[1] = std::max(widest[1], shortened(s["kernel"]).size());
  }
  // The table sets all columns but the first to the right; words belong to the left.
  auto row = [&](const std::string& first, const std::string& op, const std::string& kernel,
                 const std::string& us) -> std::vector<std::string> {
    return {first, fmt::format("{:<{}}", op, widest[0]), fmt::format("{:<{}}", kernel, widest[1]),
            us};
  };
  std::vector<std::vector<std::string>> rows = {row("step layer", "operator", "kernel", "us")};
  for (size_t i = 0; i < steps.size(); ++i) {
    const json& s = steps[i];
    std::string us = s.contains("ns") ? fmt::format("{:.1f}", s["ns"].get<double>() * 1e-3) : "-";
    rows.push_back(row(fmt::format("{:>4} {}", i, shortened(s["layer"])), s["op"],
                       shortened(s["kernel"]), us));
  }
  if (!steps.empty()) p.table(rows);
}

}  // namespace

Result<json> describe_engine(const std::string& path) {
  HONE_ASSIGN(MappedFile file, map_file(path));
  auto engine = wire::verify({file.bytes});
  if (!engine.ok()) {
    return engine_error(path, Status(engine.code(), engine.status().text().c_str()));
  }
  const wire::EngineMeta& m = engine->meta();
  const wire::Header& h = engine->header();
  json j = {{"schema", 1},
            {"kind", "engine"},
            {"producer", text(m.producer())},
            {"model", text(m.model_name())},
            {"model_hash", fmt::format("{:016x}", m.model_hash())},
            {"precision", text(m.precision())},
            {"precisions", precisions_of(path)},
            {"target", text(m.target_cpu())},
            {"arch", name(static_cast<Arch>(std::min<int>(m.target_arch(), 2)))},
            {"isa", plan::isa_names(h.isa)},
            {"isa_missing_here", plan::isa_names(missing_isa(*engine, platform::cpu_isa()))},
            {"format", fmt::format("{}.{}", h.version_major, h.version_minor)},
            {"bytes", h.file_bytes},
            {"weight_bytes", h.weights_bytes},
            {"threads", m.threads()},
            {"inputs", json::array()},
            {"outputs", json::array()},
            {"steps", describe_steps(m)},
            {"profiles", describe_memory(path, m)},
            {"properties", json::object()}};
  bool dynamic = false;
  for (uint32_t i = 0; i < size_of(m.inputs()); ++i) {
    j["inputs"].push_back(describe_io(*m.inputs()->Get(i)));
    for (const json& d : j["inputs"].back()["shape"]) dynamic = dynamic || d.is_string();
  }
  for (uint32_t i = 0; i < size_of(m.outputs()); ++i) {
    j["outputs"].push_back(describe_io(*m.outputs()->Get(i)));
  }
  for (uint32_t i = 0; i < size_of(m.properties()); ++i) {
    j["properties"][text(m.properties()->Get(i)->key())] = text(m.properties()->Get(i)->text());
  }
  j["dynamic"] = dynamic;
  return j;
}

std::string io_line(const json& io) {
  std::string dims;
  for (const json& d : io["shape"]) {
    dims += (dims.empty() ? "" : ",") + (d.is_string() ? d.get<std::string>() : d.dump());
  }
  return fmt::format("{} {}[{}]", io["name"].get<std::string>(), io["dtype"].get<std::string>(),
                     dims);
}

void print_engine(const std::string& path, const json& j, Printer& p) {
  auto word = [&](const char* key) { return j[key].get<std::string>(); };
  p.out(fmt::format("{}: engine of '{}' ({}), {}, format {}, by {}", path, word("model"),
                    word("model_hash"), word("precision"), word("format"), word("producer")));
  std::string missing = word("isa_missing_here");
  p.out(fmt::format("target       {} ({}), needs {}{}; timed for {}", word("target"), word("arch"),
                    word("isa"), missing.empty() ? "" : " (this machine lacks " + missing + ")",
                    plural(j["threads"].get<size_t>(), "thread")));
  for (const json& io : j["inputs"]) p.out("input        " + io_line(io));
  for (const json& io : j["outputs"]) p.out("output       " + io_line(io));
  p.out(fmt::format("size         {}, weights {}", human_bytes(j["bytes"].get<double>()),
                    human_bytes(j["weight_bytes"].get<double>())));
  print_memory(j, p);
  if (const std::string line = precisions_line(j["precisions"]); !line.empty()) {
    p.out("precision    " + line);
  }
  for (const auto& [key, value] : j["properties"].items()) {
    std::string line = value.get<std::string>();
    std::replace(line.begin(), line.end(), '\n', ' ');
    if (line.size() > 72) line = fmt::format("{}... ({} bytes)", line.substr(0, 60), line.size());
    p.out(fmt::format("property     {} = {}", key, line));
  }
  print_steps(j["steps"], p);
}

}  // namespace hone::cli
