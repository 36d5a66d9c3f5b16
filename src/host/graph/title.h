// What messages call a node.
#pragma once

#include <string>

#include "host/graph/graph.h"

namespace hone::graph {

// "node 'conv1' (Conv)"
inline std::string node_title(const std::string& name, const std::string& op) {
  return "node '" + name + "' (" + op + ")";
}

// One without a name is called by its result: "node of 'y' (Conv)".
inline std::string title(const Graph& graph, const Node& node) {
  if (!node.name.empty()) return node_title(node.name, node.op);
  for (ValueId v : node.outputs) {
    if (v != none) return "node of '" + graph.value(v).name + "' (" + node.op + ")";
  }
  return "a node (" + node.op + ")";
}

}  // namespace hone::graph
