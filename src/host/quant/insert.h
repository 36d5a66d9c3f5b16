// QuantizeLinear / DequantizeLinear into a float graph of standard operators.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/quant/scheme.h"

namespace hone::quant {

using Ranges = std::map<graph::ValueId, Range>;  // of values that are rounded

// What becomes of a node that could be quantised.
struct Layer {
  graph::NodeId node = graph::none;
  bool quantised = false;
  std::string why;  // where not: "left out by --exclude", "its weights are computed", ...
};

// Which nodes compute on integers and which activation values are rounded for them. Decided from
// the graph and the scheme alone, before anything is observed.
struct Placement {
  std::vector<graph::ValueId> values;  // rounded; in order of computation
  std::vector<graph::ValueId> wide;    // those of them with 16 bits, sorted
  std::vector<bool> on_integers;       // by node id: its rounded operands are read rounded
  // Gathers of rows of a constant table, which is kept as integers.
  std::vector<graph::NodeId> tables;
  std::vector<Layer> layers;  // nodes with weights, then what follows them, in order
};
Placement place(const graph::Graph& graph, const Scheme& scheme);

// The activation values that get Q/DQ: what has to be observed.
std::vector<graph::ValueId> quantisation_points(const graph::Graph& graph, const Scheme& scheme);

struct Inserted {
  graph::Graph graph;
  std::vector<std::string> findings;  // guards that acted, one line each
};

// Deterministic. Names of values and nodes of the float graph survive; a rounded value 'x' is
// 'x_quantized' as integers and 'x_dequantized' after. The opset must allow what the scheme asks
// for (see opset_needed). `ranges` by value; errors: not_found for one that is missing.
Result<Inserted> insert_qdq(const graph::Graph& graph, const Scheme& scheme, const Ranges& ranges);

// 13, or 21 where 16-bit activations or blocks of weights need it.
int64_t opset_needed(const Scheme& scheme);

}  // namespace hone::quant
