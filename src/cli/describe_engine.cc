#include "cli/describe_engine.h"

#include <fmt/format.h>

#include <map>

#include "cli/describe_steps.h"
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

// What a context takes, from the runtime itself, which need not take it for that; nothing where
// this machine cannot load it.
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
    if (p.lower_bound_bytes() > 0) j["lower_bound_bytes"] = p.lower_bound_bytes();
    const auto number = static_cast<int32_t>(i);
    if (session.ok() && session->context().set_profile(number) == HONE_OK &&
        session->set_shapes(session->default_shapes(number)).ok()) {
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

json describe_sections(const wire::Header& h) {
  return {{"header", sizeof(h)},
          {"metadata", h.meta_bytes},
          {"padding", h.weights_offset - h.meta_offset - h.meta_bytes},
          {"weights", h.weights_bytes}};
}

// What the tactics chosen took of the weights, and between which ends; null in files before 1.2.
json describe_packed(const wire::EngineMeta& m) {
  if (m.packed() == nullptr) return nullptr;
  return {{"least", m.packed()->least()},
          {"fastest", m.packed()->fastest()},
          {"chosen", m.packed()->chosen()}};
}

// As one would give them to hone build.
json describe_options(const wire::EngineMeta& m) {
  json options = json::array();
  for (uint32_t i = 0; i < size_of(m.options()); ++i) {
    const wire::Property& o = *m.options()->Get(i);
    options.push_back(fmt::format("--{}={}", text(o.key()), text(o.text())));
  }
  return options;
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
    const std::string bound = profile.contains("lower_bound_bytes")
                                  ? fmt::format(" of at least {}", bytes("lower_bound_bytes"))
                                  : "";
    if (profile.contains("arena_bytes")) {
      line += fmt::format("; arena {} (values {}{}, kernels' work {}, inputs and outputs {}){}",
                          bytes("arena_bytes"), bytes("values_bytes"), bound, bytes("work_bytes"),
                          bytes("io_bytes"),
                          j["dynamic"].get<bool>() && profile["any_size"].get<bool>()
                              ? " at the sizes it was timed at"
                              : "");
    } else if (profile.contains("values_bytes")) {
      line += fmt::format("; values {}{}", bytes("values_bytes"), bound);
    }
    if (size_t n = profile["choices"].size(); n > 0) {
      line += fmt::format("; {} with other kernels", plural(n, "step"));
    }
    p.out(line);
  }
}

void print_sizes(const json& j, Printer& p) {
  auto bytes = [](const json& n) { return human_bytes(n.get<double>()); };
  const json& sections = j["sections"];
  p.out(fmt::format("size         {}: header {}, metadata {}, padding {}, weights {}",
                    bytes(j["bytes"]), bytes(sections["header"]), bytes(sections["metadata"]),
                    bytes(sections["padding"]), bytes(sections["weights"])));
  const json& packed = j["packed_bytes"];
  if (packed.is_null() || packed["chosen"] == 0) return;
  p.out(fmt::format("packed       {} for the tactics chosen; the least is {}, the fastest take {}",
                    bytes(packed["chosen"]), bytes(packed["least"]), bytes(packed["fastest"])));
}

void print_built(const json& j, Printer& p) {
  if (!j["options"].empty()) {
    std::string words;
    for (const json& o : j["options"]) words += " " + o.get<std::string>();
    p.out("built with  " + words);
  }
  std::vector<std::pair<int, std::string>> families;
  for (const auto& [family, n] : j["families"].items())
    families.emplace_back(-n.get<int>(), family);
  std::sort(families.begin(), families.end());
  std::string line;
  for (const auto& [n, family] : families) line += fmt::format(" {} {}", family, -n);
  if (!line.empty()) p.out("kernels     " + line);
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
            {"sections", describe_sections(h)},
            {"packed_bytes", describe_packed(m)},
            {"options", describe_options(m)},
            {"threads", m.threads()},
            {"inputs", json::array()},
            {"outputs", json::array()},
            {"steps", describe_steps(m)},
            {"families", json::object()},
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
  for (const json& step : j["steps"]) {
    if (!step.contains("family")) continue;
    json& n = j["families"][step["family"].get<std::string>()];
    n = n.is_null() ? 1 : n.get<int>() + 1;
  }
  return j;
}

std::string io_line(const json& io) {
  std::string dims;
  for (const json& d : io["shape"]) {
    dims += (dims.empty() ? "" : ",") + (d.is_string() ? d.get<std::string>() : d.dump());
  }
  const std::string kind = io.contains("kind") ? io["kind"].get<std::string>() + " of " : "";
  return fmt::format("{} {}{}[{}]", io["name"].get<std::string>(), kind,
                     io["dtype"].get<std::string>(), dims);
}

void print_engine(const std::string& path, const json& j, Printer& p) {
  auto word = [&](const char* key) { return j[key].get<std::string>(); };
  p.out(fmt::format("{}: engine of '{}' ({}), {}, format {}, by {}", path, word("model"),
                    word("model_hash"), word("precision"), word("format"), word("producer")));
  std::string missing = word("isa_missing_here");
  const bool timed = std::any_of(j["steps"].begin(), j["steps"].end(),
                                 [](const json& step) { return step.contains("ns"); });
  p.out(fmt::format("target       {} ({}), needs {}{}; {} for {}", word("target"), word("arch"),
                    word("isa"), missing.empty() ? "" : " (this machine lacks " + missing + ")",
                    timed ? "timed" : "kernels by rank,",
                    plural(j["threads"].get<size_t>(), "thread")));
  for (const json& io : j["inputs"]) p.out("input        " + io_line(io));
  for (const json& io : j["outputs"]) p.out("output       " + io_line(io));
  print_sizes(j, p);
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
  print_built(j, p);
  print_steps(j["steps"], p);
}

}  // namespace hone::cli
