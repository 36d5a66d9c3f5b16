#include "host/edit/rename.h"

#include <fmt/format.h>

#include <set>

namespace hone::edit {

namespace {

using Names = std::map<std::string, std::string>;

void apply(const Names& names, std::string* name) {
  if (const auto at = names.find(*name); at != names.end()) *name = at->second;
}

std::set<std::string> defined(const model::GraphProto& g) {
  std::set<std::string> all;
  for (const auto& v : g.inputs) all.insert(v.name);
  for (const auto& i : g.initializers) all.insert(i.name);
  for (const auto& node : g.nodes) all.insert(node.outputs.begin(), node.outputs.end());
  return all;
}

void rename_graph(const Names& names, model::GraphProto* g);

void rename_attributes(const Names& names, model::NodeProto* node) {
  using Shared = std::shared_ptr<model::GraphProto>;
  for (auto& a : node->attributes) {
    const auto change = [&](Shared* inner) {
      *inner = std::make_shared<model::GraphProto>(**inner);  // others may hold the same
      Names visible = names;
      for (const std::string& local : defined(**inner)) visible.erase(local);
      rename_graph(visible, inner->get());
    };
    if (auto* g = std::get_if<Shared>(&a.value)) change(g);
    if (auto* all = std::get_if<std::vector<Shared>>(&a.value)) {
      for (Shared& g : *all) change(&g);
    }
  }
}

void rename_graph(const Names& names, model::GraphProto* g) {
  for (auto* list : {&g->inputs, &g->outputs, &g->value_infos}) {
    for (auto& v : *list) apply(names, &v.name);
  }
  for (auto& i : g->initializers) apply(names, &i.name);
  for (auto& node : g->nodes) {
    for (auto& name : node.inputs) apply(names, &name);
    for (auto& name : node.outputs) apply(names, &name);
    rename_attributes(names, &node);
  }
}

// Names that subgraphs give to their own values would hide an outer one of that name.
void inner_names(const model::GraphProto& g, std::set<std::string>* out) {
  for (const auto& node : g.nodes) {
    for (const auto& a : node.attributes) {
      const auto* inner = std::get_if<std::shared_ptr<model::GraphProto>>(&a.value);
      if (inner == nullptr) continue;
      out->merge(defined(**inner));
      inner_names(**inner, out);
    }
  }
}

}  // namespace

Status rename(model::Model* model, const Names& names) {
  const std::set<std::string> have = defined(model->graph);
  std::set<std::string> taken = have;
  inner_names(model->graph, &taken);
  for (const auto& [old, now] : names) taken.erase(old);
  for (const auto& [old, now] : names) {
    if (old.empty() || !have.contains(old)) {
      return error(Code::not_found, fmt::format("no value '{}' in the graph", old));
    }
    if (now.empty() || !taken.insert(now).second) {
      return invalid(fmt::format("'{}' cannot be called '{}': another value is", old, now));
    }
  }
  rename_graph(names, &model->graph);
  return {};
}

}  // namespace hone::edit
