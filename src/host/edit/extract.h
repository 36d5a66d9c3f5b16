// A part of a model as a model of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/graph/graph.h"
#include "host/model/onnx.h"

namespace hone::edit {

struct Cut {
  // Values that become inputs; what else the part reads stays what it was: an initializer, or an
  // input of the whole.
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;  // values that become outputs
  // Values that become initializers: what is known of them beforehand.
  std::map<std::string, Tensor> constants;
};

// The nodes that `cut.outputs` need, back to the inputs; nodes, names, functions and metadata stay
// as the file has them. `graph`: the model imported, for the types of the new inputs and outputs.
// Errors: not_found for a name that the model's graph (not one within it) does not define.
Result<model::Model> extract(const model::Model& model, const graph::Graph& graph, const Cut& cut);

}  // namespace hone::edit
