#include "ship/parity/runtime_values.h"

#include <set>

#include "host/backends/work_folder.h"
#include "host/import/import.h"

namespace hone::ship {

namespace {

// The model with all that its nodes make behind its own outputs.
model::Model with_all_outputs(const model::Model& model, const graph::Graph& graph) {
  model::Model all = model;
  std::set<std::string> have;
  for (const auto& o : all.graph.outputs) have.insert(o.name);
  for (const auto& node : model.graph.nodes) {
    for (const std::string& name : node.outputs) {
      const graph::ValueId v = graph.find_value(name);
      if (v == graph::none || !have.insert(name).second) continue;
      const graph::Fact& fact = graph.fact(v);
      if (fact.kind != graph::Fact::Kind::tensor) continue;
      all.graph.outputs.push_back({name, type_of(fact), ""});
    }
  }
  return all;
}

}  // namespace

Result<LayerValues> values_of_runtime(const SideSpec& spec, const model::Model& model,
                                      const graph::Graph& graph, const SideTools& tools,
                                      const std::vector<Tensor>& inputs) {
  HONE_ASSIGN(const backends::WorkFolder work, backends::WorkFolder::create());
  const model::Model all = with_all_outputs(model, graph);
  SideSpec opened = spec;
  opened.file = work.path() + "/all_outputs.onnx";
  HONE_RETURN_IF_ERROR(model::write_model(all, opened.file));
  HONE_ASSIGN(const graph::Graph widened, import(all));
  HONE_ASSIGN(const std::unique_ptr<Side> side, open_side(opened, &widened, tools));
  HONE_ASSIGN(std::vector<Tensor> values, side->run(0, inputs));
  std::map<std::string, size_t> place;  // of the node that makes it
  for (size_t i = 0; i < model.graph.nodes.size(); ++i) {
    for (const std::string& name : model.graph.nodes[i].outputs) place.emplace(name, i);
  }
  LayerValues found;
  const std::vector<std::string> names = side->outputs();
  for (size_t i = 0; i < names.size() && i < values.size(); ++i) {
    const auto at = place.find(names[i]);
    if (at == place.end()) continue;
    const model::NodeProto& node = model.graph.nodes[at->second];
    found[graph.find_value(names[i])].push_back({at->second,
                                                 node.name.empty() ? node.op_type : node.name, "",
                                                 std::move(values[i]), false, 0});
  }
  return found;
}

}  // namespace hone::ship
