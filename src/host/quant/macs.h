// How much of a model's work is products, node by node.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/graph/graph.h"

namespace hone::quant {

// Multiply-adds of a run on inputs of these shapes, by the name of the node: convolutions and
// products of matrices, those of two activations too. Those within branches of If and Loop count
// once. Where only the data tell a size it counts as 1. Errors: of the inputs' shapes.
Result<std::map<std::string, double>> macs_by_node(const graph::Graph& g,
                                                   const std::vector<Tensor>& inputs);

}  // namespace hone::quant
