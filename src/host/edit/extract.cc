#include "host/edit/extract.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "host/import/import.h"
#include "host/model/names.h"

namespace hone::edit {

namespace {

class Extraction {
 public:
  Extraction(const model::Model& model, const graph::Graph& graph, const Cut& cut)
      : model_(model), graph_(graph), cut_(cut), inputs_(cut.inputs.begin(), cut.inputs.end()) {
    const model::GraphProto& g = model.graph;
    for (size_t i = 0; i < g.nodes.size(); ++i) {
      for (const std::string& name : g.nodes[i].outputs) {
        if (!name.empty()) producer_.emplace(name, i);
      }
    }
    for (const auto& i : g.initializers) initializers_.insert(i.name);
    for (const auto& v : g.inputs) declared_.insert(v.name);
  }

  Result<model::Model> run() {
    for (const auto* names : {&cut_.inputs, &cut_.outputs}) {
      for (const std::string& name : *names) HONE_RETURN_IF_ERROR(check(name));
    }
    std::vector<std::string> wanted = cut_.outputs;
    while (!wanted.empty()) {
      const std::string name = std::move(wanted.back());
      wanted.pop_back();
      if (stops_at(name)) continue;
      const auto at = producer_.find(name);
      if (at == producer_.end() || !kept_.insert(at->second).second) continue;
      std::set<std::string> reads;
      model::names_read(model_.graph.nodes[at->second], &reads);
      wanted.insert(wanted.end(), reads.begin(), reads.end());
    }
    return make();
  }

 private:
  bool stops_at(const std::string& name) const {
    return inputs_.contains(name) || cut_.constants.contains(name);
  }

  Status check(const std::string& name) const {
    if (producer_.contains(name) || declared_.contains(name) || initializers_.contains(name)) {
      return {};
    }
    return error(Code::not_found, fmt::format("no value '{}' in the graph", name));
  }

  model::ValueInfo info(const std::string& name) const {
    const graph::ValueId v = graph_.find_value(name);
    if (v != graph::none) return {name, type_of(graph_.fact(v)), ""};
    for (const auto* list :
         {&model_.graph.inputs, &model_.graph.outputs, &model_.graph.value_infos}) {
      for (const auto& i : *list) {
        if (i.name == name) return i;
      }
    }
    return {name, {}, ""};
  }

  model::Model make() const {
    model::Model out = model_;
    model::GraphProto& g = out.graph;
    std::set<std::string> read(cut_.outputs.begin(), cut_.outputs.end()), made;
    g.nodes.clear();
    for (const size_t i : kept_) {
      g.nodes.push_back(model_.graph.nodes[i]);
      model::names_read(g.nodes.back(), &read);
      made.insert(g.nodes.back().outputs.begin(), g.nodes.back().outputs.end());
    }
    std::erase_if(g.initializers, [&](const model::Initializer& i) {
      return !read.contains(i.name) || stops_at(i.name);
    });
    for (const auto& [name, value] : cut_.constants) {
      if (read.contains(name)) g.initializers.push_back({name, value});
    }
    g.inputs.clear();
    for (const std::string& name : cut_.inputs) g.inputs.push_back(info(name));
    for (const auto& i : model_.graph.inputs) {
      const bool own =
          read.contains(i.name) && !stops_at(i.name) && !initializers_.contains(i.name);
      if (own) g.inputs.push_back(i);
    }
    g.outputs.clear();
    for (const std::string& name : cut_.outputs) g.outputs.push_back(info(name));
    std::erase_if(g.value_infos, [&](const model::ValueInfo& v) { return !made.contains(v.name); });
    return out;
  }

  const model::Model& model_;
  const graph::Graph& graph_;
  const Cut& cut_;
  std::set<std::string> inputs_, initializers_, declared_;
  std::unordered_map<std::string, size_t> producer_;
  std::set<size_t> kept_;  // in the order of the file
};

}  // namespace

Result<model::Model> extract(const model::Model& model, const graph::Graph& graph, const Cut& cut) {
  return Extraction(model, graph, cut).run();
}

}  // namespace hone::edit
