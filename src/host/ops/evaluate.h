// The reference executor: runs a graph by its OpDefs' references. Slow, exact, complete.
#pragma once

#include <functional>
#include <vector>

#include "host/graph/graph.h"
#include "host/ops/op_def.h"

namespace hone::ops {

// Called with every value computed, in order (inner blocks' included). What follows reads what the
// tap leaves in it: a tensor of the same type and dims.
using Tap = std::function<void(ValueId, Tensor&)>;

// Inputs in graph order. Checks dtypes and ranks against the graph. Errors name the node. Outputs
// may be sequences and empty optionals; evaluate() refuses those.
Result<std::vector<Tensor>> evaluate_values(const Graph& graph, const std::vector<Tensor>& inputs,
                                            const Tap& tap = {});
Result<std::vector<Tensor>> evaluate(const Graph& graph, const std::vector<Tensor>& inputs,
                                     const Tap& tap = {});
// One node of a graph some of whose values are known (by id; the others' places are empty): all
// that it and its blocks read. Errors name the node; outputs as those of evaluate_values.
Result<std::vector<Tensor>> evaluate_node_in(const Graph& graph, const Node& node,
                                             std::span<const Tensor> known);
// One node on given inputs: constant folding, tests.
Result<std::vector<Tensor>> evaluate_node(const Graph& graph, const Node& node,
                                          std::span<const Tensor> inputs);

}  // namespace hone::ops
