// What a node costs to run, from its facts.
#include <algorithm>

#include "host/ops/infer_util.h"
#include "host/ops/op_def.h"

namespace hone::ops {

double elements(const Fact& fact) {
  if (!fact.has_rank()) return 0;
  double count = 1;
  for (const Dim& d : *fact.shape) {
    if (d.is_const()) count *= static_cast<double>(d.value());
  }
  return count;
}

double input_elements(const Graph& graph, const Node& node, size_t i) {
  return node.input(i) == graph::none ? 0 : elements(graph.fact(node.input(i)));
}

double output_elements(const Graph& graph, const Node& node, size_t i) {
  return node.output(i) == graph::none ? 0 : elements(graph.fact(node.output(i)));
}

double no_flops(const Graph&, const Node&) { return 0; }

Cost cost(const Graph& graph, const Node& node) {
  Cost cost;
  double outputs = 0;
  std::vector<ValueId> seen;
  const auto charge = [&](ValueId v) {
    if (v == graph::none || std::find(seen.begin(), seen.end(), v) != seen.end()) return;
    seen.push_back(v);
    cost.bytes += elements(graph.fact(v)) * bits(graph.fact(v).dtype) / 8;
  };
  for (ValueId v : node.inputs) charge(v);
  for (ValueId v : node.outputs) {
    charge(v);
    if (v != graph::none) outputs += elements(graph.fact(v));
  }
  const OpDef* def = find_op(node);
  cost.flops = def != nullptr && def->flops != nullptr ? def->flops(graph, node) : outputs;
  return cost;
}

}  // namespace hone::ops
