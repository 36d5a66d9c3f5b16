// What somebody else's runtime computes inside a model.
#pragma once

#include "host/model/onnx.h"
#include "ship/parity/layers.h"
#include "ship/parity/side.h"

namespace hone::ship {

// Every value that a node of the model's graph makes (not those of graphs within nodes), by running
// the model with all of them as outputs. `graph`: the model imported. Errors: those of the runtime.
Result<LayerValues> values_of_runtime(const SideSpec& spec, const model::Model& model,
                                      const graph::Graph& graph, const SideTools& tools,
                                      const std::vector<Tensor>& inputs);

}  // namespace hone::ship
