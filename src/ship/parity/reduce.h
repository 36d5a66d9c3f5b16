// The smallest part of a model on which two sides still differ.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/graph/graph.h"
#include "host/model/onnx.h"

namespace hone::ship {

// Whether the sides differ on this model with these inputs.
using Differs = std::function<Result<bool>(const model::Model&, const graph::Graph&,
                                           const std::vector<Tensor>&)>;

struct Reduced {
  model::Model model;
  std::vector<Tensor> inputs;  // in the order of the model's
};

// `value`, which a node of the model's graph makes, differs for these inputs of the whole. The part
// begins as that node alone, on what the reference gives it, and grows backwards until the sides
// differ; then every node without which they still do is taken away. What it reads from outside are
// inputs of fixed sizes, small integers (shapes, axes) initializers. nullopt: only what lies within
// a node's subgraph or a function makes it differ, or nothing does.
// Errors: those of the reference and of `differs`.
Result<std::optional<Reduced>> reduce(const model::Model& model, const graph::Graph& graph,
                                      const std::vector<Tensor>& inputs, const std::string& value,
                                      const Differs& differs);

}  // namespace hone::ship
