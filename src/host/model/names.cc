#include "host/model/names.h"

#include <algorithm>
#include <iterator>

namespace hone::model {

namespace {

void free_names(const GraphProto& graph, std::set<std::string>* out) {
  std::set<std::string> used, local;
  for (const auto& v : graph.inputs) local.insert(v.name);
  for (const auto& i : graph.initializers) local.insert(i.name);
  for (const auto& node : graph.nodes) {
    names_read(node, &used);
    local.insert(node.outputs.begin(), node.outputs.end());
  }
  for (const auto& v : graph.outputs) used.insert(v.name);
  std::set_difference(used.begin(), used.end(), local.begin(), local.end(),
                      std::inserter(*out, out->end()));
}

}  // namespace

void names_read(const NodeProto& node, std::set<std::string>* out) {
  for (const auto& name : node.inputs) {
    if (!name.empty()) out->insert(name);
  }
  for (const auto& a : node.attributes) {
    if (const auto* g = std::get_if<std::shared_ptr<GraphProto>>(&a.value)) free_names(**g, out);
    if (const auto* all = std::get_if<std::vector<std::shared_ptr<GraphProto>>>(&a.value)) {
      for (const auto& g : *all) free_names(*g, out);
    }
  }
}

}  // namespace hone::model
