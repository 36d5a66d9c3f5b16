#include "cli/describe_targets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "cli/model_args.h"
#include "host/engine/check_targets.h"
#include "host/plan/target_file.h"

namespace hone::cli {

using nlohmann::json;

namespace {

constexpr size_t most_nodes = 4000;
constexpr int64_t most_bytes = int64_t{512} << 20;

json to_json(const engine::TargetCheck& t) {
  json problems = json::array();
  for (const plan::Problem& p : t.model.problems) {
    problems.push_back({{"operator", p.op}, {"node", p.node}, {"reason", p.reason}});
  }
  const bool runs = t.model.problems.empty();
  json j = {{"name", t.name}, {"runs", runs}, {"problems", problems}};
  if (!runs) return j;
  j["steps"] = t.model.steps;
  j["portable"] = t.portable;
  j["weights_bytes"] = t.model.weights_bytes;
  j["arena_bytes"] = t.model.arena_bytes;
  for (const auto& [name, isa] : {std::pair("bf16", t.bf16), {"f16", t.f16}, {"int8", t.int8}}) {
    j[name] = isa.empty() ? json() : json(isa);
  }
  return j;
}

std::string in_portable(const json& t) {
  int n = 0;
  std::vector<std::string> ops;
  for (const auto& [op, count] : t["portable"].items()) n += count.get<int>(), ops.push_back(op);
  if (n == 0) return "none";
  if (n == t["steps"].get<int>()) return "all";
  constexpr size_t named = 3;
  const size_t more = ops.size() > named ? ops.size() - named : 0;
  ops.resize(std::min(ops.size(), named));
  return fmt::format("{}: {}{}", n, fmt::join(ops, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string word(const json& t, const char* key) {
  return t[key].is_null() ? "-" : t[key].get<std::string>();
}

// All but the name.
std::vector<std::string> cells(const json& t) {
  if (!t["runs"].get<bool>()) {
    return {fmt::format("no: {}", t["problems"].size()), "-", "-", "-", "-", "-"};
  }
  const double bytes = t["weights_bytes"].get<double>() + t["arena_bytes"].get<double>();
  return {"yes",          in_portable(t),  word(t, "bf16"),
          word(t, "f16"), word(t, "int8"), human_bytes(bytes)};
}

}  // namespace

Result<json> describe_targets(const model::Model& model, const std::vector<std::string>& files) {
  std::vector<engine::NamedTarget> targets;
  for (const std::string& file : files) {
    HONE_ASSIGN(const Target t, plan::load_target(file));
    targets.push_back({t.cpu[0] != 0 ? t.cpu : file, t});
  }
  if (files.empty()) {
    if (model.graph.nodes.size() > most_nodes || model.file_bytes > most_bytes) return json();
    targets = engine::known_targets();
  }
  const auto asked = engine::check_targets(model, targets);
  // What cannot be planned at all is no reason not to describe it.
  std::vector<engine::TargetCheck> checks;
  if (asked.ok()) checks = *asked;
  for (size_t i = 0; !asked.ok() && i < targets.size(); ++i) {
    engine::TargetCheck& t = checks.emplace_back();
    t.name = targets[i].name;
    t.model.problems.push_back({"", "", asked.status().text()});
  }
  json all = json::array();
  for (const engine::TargetCheck& t : checks) all.push_back(to_json(t));
  return all;
}

void print_targets(const json& targets, Printer& p) {
  if (targets.is_null()) {
    p.out("targets      too large a model to ask all; hone inspect --target FILE asks one");
    return;
  }
  std::vector<std::vector<std::string>> rows = {
      {"target", "runs", "in plain C++", "bf16 by", "f16 by", "int8 by", "memory"}};
  for (const json& t : targets) {
    std::vector<std::string> row = cells(t);
    row.insert(row.begin(), t["name"].get<std::string>());
    std::vector<std::string>& last = rows.back();
    const std::string arch = row[0].substr(0, row[0].find(' ') + 1);
    const bool same = rows.size() > 1 && !arch.empty() && last[0].starts_with(arch) &&
                      std::equal(row.begin() + 1, row.end(), last.begin() + 1);
    if (same) {
      last[0] += ", " + row[0].substr(arch.size());
    } else {
      rows.push_back(std::move(row));
    }
  }
  p.table(rows);
  for (const json& t : targets) {
    for (const json& problem : t["problems"]) {
      const plan::Problem q{problem["operator"], problem["node"], problem["reason"]};
      p.out(fmt::format("{}: {}", t["name"].get<std::string>(), plan::problem_text(q)));
    }
    // Of the others it is the same: what no machine has a kernel for.
    if (!t["runs"].get<bool>() && targets.size() > 2) break;
  }
}

}  // namespace hone::cli
