#include "cli/describe_steps.h"

#include <fmt/format.h>

#include <bit>
#include <sstream>

#include "cli/model_args.h"
#include "common/wire/vectors.h"
#include "host/engine/read_steps.h"
#include "host/ops/plugin.h"

namespace hone::cli {

using engine::FileOperand;
using engine::FileStep;
using nlohmann::json;

namespace {

json operands_json(const std::vector<FileOperand>& operands) {
  json list = json::array();
  for (const FileOperand& o : operands) {
    if (!o.view.present()) {
      list.push_back(nullptr);
      continue;
    }
    json j = {{"name", o.name},
              {"dtype", name(o.view.dtype)},
              {"shape", o.view.shape.span()},
              {"place", wire::EnumNamePlace(o.place)}};
    if (o.place == wire::Place::weights) j["bytes"] = o.weight_bytes;
    list.push_back(std::move(j));
  }
  return list;
}

// The words by their names in the family's list; floats as such.
json attributes_json(const char* family, const std::vector<int32_t>& words) {
  json j = json::object();
  for (const kernels::Family& f : kernels::all_families()) {
    if (std::string_view(f.name) != family) continue;
    std::istringstream names(f.attrs);
    std::string word;
    for (size_t i = 0; i < words.size() && names >> word; ++i) {
      if (word[0] == '*') {
        j[word.substr(1)] = std::bit_cast<float>(words[i]);
      } else {
        j[word] = words[i];
      }
    }
  }
  return j;
}

// What this Hone knows of the kernel: its family, and the memory it works in here.
void add_kernel(const FileStep& s, json* j) {
  const kernels::Kernel* k = ops::find_known_kernel(s.kernel);
  if (k == nullptr) return;
  (*j)["family"] = k->family;
  (*j)["attributes"] = attributes_json(k->family, s.attrs);
  if (k->version != s.kernel_version) return;
  alignas(16) std::byte params[kernels::max_params_bytes];
  kernels::Work work;
  const auto in = s.inputs(), out = s.outputs();
  const kernels::Step step = {in, out, s.attrs, s.dims};
  if (k->bind(kernels::given_to(*k, step), params, &work) != nullptr) return;
  (*j)["scratch_bytes"] = work.scratch_bytes;
  (*j)["workspace_bytes"] = work.workspace_bytes;
}

json step_json(const FileStep& s, const std::string& text) {
  json j = {{"layer", s.layer}, {"op", s.op}, {"kernel", s.kernel}};
  if (s.kind == wire::StepKind::trap) j["kernel"] = "trap: " + text;
  const bool custom = s.kind == wire::StepKind::custom;
  if (s.kind == wire::StepKind::kernel || custom) add_kernel(s, &j);
  if (s.ns > 0) j["ns"] = s.ns;
  j["inputs"] = operands_json(s.in);
  j["outputs"] = operands_json(s.out);
  j["tactics"] = json::array();
  for (const plan::TacticNote& t : s.tactics) {
    json tactic = {{"kernel", t.kernel}};
    if (t.ns > 0) tactic["ns"] = t.ns;
    if (!t.reason.empty()) tactic["refused"] = t.reason;
    j["tactics"].push_back(std::move(tactic));
  }
  return j;
}

std::string shortened(const std::string& s, size_t most) {
  return s.size() > most ? s.substr(0, most - 3) + "..." : s;
}

// "f32[1,8,8,16] + f32[1,8,8,16] -> f32[1,8,8,32]"; weights have a column of their own.
std::string operands_text(const json& step) {
  std::string in, out;
  auto add = [](const json& o, std::string* to) {
    if (o.is_null() || o["place"] == "weights") return;
    std::string dims;
    for (const json& d : o["shape"]) dims += (dims.empty() ? "" : ",") + d.dump();
    *to += fmt::format("{}{}[{}]", to->empty() ? "" : " + ", o["dtype"].get<std::string>(), dims);
  };
  for (const json& o : step["inputs"]) add(o, &in);
  for (const json& o : step["outputs"]) add(o, &out);
  if (out.empty()) return in;
  return in + (in.empty() ? "-> " : " -> ") + out;
}

double weight_bytes(const json& step) {
  double bytes = 0;
  for (const json& o : step["inputs"]) {
    if (!o.is_null() && o["place"] == "weights") bytes += o["bytes"].get<double>();
  }
  return bytes;
}

}  // namespace

json describe_steps(const wire::EngineMeta& meta) {
  json steps = json::array();
  const auto read = engine::read_steps(meta, 0);
  for (uint32_t i = 0; i < wire::size_of(meta.steps()); ++i) {
    const wire::Step& s = *meta.steps()->Get(i);
    const std::string text = s.text() == nullptr ? "" : s.text()->str();
    if (read.ok()) {
      steps.push_back(step_json((*read)[i], text));
    } else {
      FileStep bare;
      bare.kind = s.kind();
      bare.layer = s.layer() == nullptr ? "" : s.layer()->str();
      bare.op = s.op() == nullptr ? "" : s.op()->str();
      bare.kernel = s.kernel() == nullptr ? "" : s.kernel()->str();
      steps.push_back(step_json(bare, text));
    }
    if (s.kind() == wire::StepKind::branch) {
      steps.back()["kernel"] =
          fmt::format("branch: {} steps, else {}", s.then_steps(), s.else_steps());
    }
    if (s.kind() == wire::StepKind::loop) {
      steps.back()["kernel"] = fmt::format("loop: {} steps", s.then_steps());
    }
    if (s.kind() == wire::StepKind::measure) steps.back()["kernel"] = "measure";
  }
  return steps;
}

void print_steps(const json& steps, Printer& p) {
  std::vector<std::vector<std::string>> rows = {
      {"step layer", "operator", "kernel", "operands", "weights", "us"}};
  for (size_t i = 0; i < steps.size(); ++i) {
    const json& s = steps[i];
    const double bytes = weight_bytes(s);
    rows.push_back({fmt::format("{:>4} {}", i, shortened(s["layer"], 48)), s["op"],
                    shortened(s["kernel"], 60), shortened(operands_text(s), 60),
                    bytes > 0 ? human_bytes(bytes) : "-",
                    s.contains("ns") ? fmt::format("{:.1f}", s["ns"].get<double>() * 1e-3) : "-"});
  }
  // The table sets all columns but the first to the right; words belong to the left.
  for (size_t column = 1; column < 4; ++column) {
    size_t widest = 0;
    for (const auto& row : rows) widest = std::max(widest, row[column].size());
    for (auto& row : rows) row[column].resize(widest, ' ');
  }
  if (!steps.empty()) p.table(rows);
}

}  // namespace hone::cli
