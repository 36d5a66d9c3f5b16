// Model (bytes with names) -> Graph (operators with meaning), and back.
#pragma once

#include "host/graph/graph.h"
#include "host/model/onnx.h"

namespace hone {

struct ImportOptions {
  // Nodes of foreign domains (ops/guest.h) are kept as they are instead of refused: for what writes
  // ONNX again. Values behind them may have no type. Nothing runs or builds such a graph.
  bool keep_guests = false;
};

// Resolves every node's OpDef at the model's opset, checks arity and attributes, inlines local
// functions, builds blocks, infers facts. Dimensions without a name get "<input>.<axis>".
// Errors: unsupported lists every operator Hone has no OpDef for, with the names of its nodes;
// corrupt for undefined or duplicate names and cycles; what inference finds wrong, naming the node.
// Initializers that are also graph inputs are constants, not inputs. Nodes without a name are
// called "#17" after their place in the file. What the file says of values that no input, constant
// or node defines otherwise (value_info) fills in where inference knows nothing.
Result<graph::Graph> import(const model::Model& model, const ImportOptions& options = {});

struct ExportOptions {
  bool share_equal_constants = false;  // of equal initializers the first stands for all
  bool value_infos = true;  // also of what ONNX's own operators make, which any reader infers
};

// Standard ONNX again: needs a graph without ai.hone nodes. Nodes keep their names.
Result<model::Model> export_model(const graph::Graph& graph, const ExportOptions& options = {});

// A fact as ONNX writes it; of kind none where nothing is known.
model::TypeProto type_of(const graph::Fact& fact);

// NaN or infinite weights: "initializer 'w': 3 of 64 values are NaN". Empty: none. Constants that
// nothing reads do not count, nor do those that are infinite throughout (bounds, masks).
std::vector<std::string> bad_weights(const graph::Graph& graph);
// The same with the constant that each line is about.
struct BadWeights {
  graph::ValueId value = graph::none;
  std::string text;
};
std::vector<BadWeights> find_bad_weights(const graph::Graph& graph);

}  // namespace hone
