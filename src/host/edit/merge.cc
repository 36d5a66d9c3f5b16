#include "host/edit/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host/edit/rename.h"
#include "host/import/import.h"
#include "host/import/raise_opset.h"

namespace hone::edit {

namespace {

constexpr const char* prefix = "second/";
constexpr int64_t least_raised = 13;  // raise_opset()'s

std::set<std::string> values_of(const model::GraphProto& g) {
  std::set<std::string> all;
  for (const auto& v : g.inputs) all.insert(v.name);
  for (const auto& i : g.initializers) all.insert(i.name);
  for (const auto& n : g.nodes) all.insert(n.outputs.begin(), n.outputs.end());
  all.erase("");
  return all;
}

std::vector<std::string> names_of(const std::vector<model::ValueInfo>& values,
                                  const std::vector<model::Initializer>& constants) {
  std::vector<std::string> names;
  for (const auto& v : values) {
    const bool constant = std::any_of(constants.begin(), constants.end(),
                                      [&](const auto& i) { return i.name == v.name; });
    if (!constant) names.push_back(v.name);
  }
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

int64_t opset(const model::Model& m) {
  const auto at = m.opsets.find("");
  return at == m.opsets.end() ? 0 : at->second;
}

Result<model::Model> raised(const model::Model& m, int64_t to) {
  if (opset(m) == to || opset(m) == 0) return m;
  HONE_ASSIGN(graph::Graph g, import(m, {.keep_guests = true}));
  HONE_RETURN_IF_ERROR(raise_opset(g, to));
  return export_model(g);
}

using Connections = std::map<std::string, std::string>;

Result<Connections> connections(const model::Model& a, const model::Model& b,
                                const Connections& given) {
  const std::vector<std::string> outputs = names_of(a.graph.outputs, {});
  const std::vector<std::string> inputs = names_of(b.graph.inputs, b.graph.initializers);
  if (!given.empty()) {
    for (const auto& [output, input] : given) {
      if (!has(outputs, output)) {
        return error(Code::not_found, fmt::format("the first model has no output '{}'", output));
      }
      if (!has(inputs, input)) {
        return error(Code::not_found, fmt::format("the second model has no input '{}'", input));
      }
    }
    return given;
  }
  Connections found;
  for (const std::string& name : inputs) {
    if (has(outputs, name)) found[name] = name;
  }
  if (found.empty() && outputs.size() == 1 && inputs.size() == 1) found[outputs[0]] = inputs[0];
  if (found.empty())
    return invalid(
        "no output of the first model is called as an input of the second; give --connect "
        "OUTPUT=INPUT");
  return found;
}

Status check_types(const model::Model& a, const model::Model& b, const Connections& connect) {
  const auto type = [](const std::vector<model::ValueInfo>& list, const std::string& name) {
    const auto at = std::find_if(list.begin(), list.end(), [&](auto& v) { return v.name == name; });
    return at->type.dtype;
  };
  for (const auto& [output, input] : connect) {
    const DType from = type(a.graph.outputs, output), to = type(b.graph.inputs, input);
    if (from == to || from == DType::none || to == DType::none) continue;
    return invalid(
        fmt::format("output '{}' is {}, input '{}' is {}", output, name(from), input, name(to)));
  }
  return {};
}

// The second's names as they are in the whole.
Status rename_second(const model::Model& a, const Connections& connect, model::Model* b) {
  const std::set<std::string> taken = values_of(a.graph);
  Connections names;
  for (const auto& [output, input] : connect) names[input] = output;
  for (const std::string& name : values_of(b->graph)) {
    if (taken.contains(name) && !names.contains(name)) names[name] = prefix + name;
  }
  std::erase_if(names, [](const auto& n) { return n.first == n.second; });
  HONE_RETURN_IF_ERROR(rename(b, names));
  std::set<std::string> nodes;
  for (const auto& n : a.graph.nodes) nodes.insert(n.name);
  for (auto& n : b->graph.nodes) {
    if (!n.name.empty() && nodes.contains(n.name)) n.name = prefix + n.name;
  }
  return {};
}

}  // namespace

Result<model::Model> merge(const model::Model& first, const model::Model& second,
                           const Connections& given) {
  int64_t newest = std::max(opset(first), opset(second));
  if (opset(first) != opset(second)) newest = std::max(newest, least_raised);
  HONE_ASSIGN(model::Model a, raised(first, newest));
  HONE_ASSIGN(model::Model b, raised(second, newest));
  HONE_ASSIGN(const Connections connect, connections(a, b, given));
  HONE_RETURN_IF_ERROR(check_types(a, b, connect));
  HONE_RETURN_IF_ERROR(rename_second(a, connect, &b));
  for (const auto& [domain, version] : b.opsets) {
    const auto [at, is_new] = a.opsets.emplace(domain, version);
    if (is_new || at->second == version) continue;
    return unsupported(
        fmt::format("the models use versions {} and {} of '{}'", at->second, version, domain));
  }
  for (const auto& f : b.functions) {
    const bool there = std::any_of(a.functions.begin(), a.functions.end(), [&](const auto& g) {
      return g.domain == f.domain && g.name == f.name && g.overload == f.overload;
    });
    if (there) return unsupported(fmt::format("both models define a function '{}'", f.name));
    a.functions.push_back(f);
  }
  a.ir_version = std::max(a.ir_version, b.ir_version);
  model::GraphProto& g = a.graph;
  std::erase_if(g.outputs, [&](const auto& o) { return connect.contains(o.name); });
  for (auto& v : b.graph.inputs) {
    if (!connect.contains(v.name)) g.inputs.push_back(std::move(v));
  }
  const auto append = [](auto* to, auto* from) {
    to->insert(to->end(), std::make_move_iterator(from->begin()),
               std::make_move_iterator(from->end()));
  };
  append(&g.initializers, &b.graph.initializers);
  append(&g.nodes, &b.graph.nodes);
  append(&g.outputs, &b.graph.outputs);
  append(&g.value_infos, &b.graph.value_infos);
  return a;
}

}  // namespace hone::edit
