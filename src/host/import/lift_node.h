// Operators of opsets 1 to 6 as those of opset 7, the oldest that OpDefs describe.
#pragma once

#include "host/import/import_internal.h"

namespace hone::import_detail {

// A node that is being read.
struct OldNode {
  graph::Graph& g;    // what comes before it; facts are inferred
  graph::Node& made;  // of the old version; its inputs are read, its attributes are not
  AttributeMap& attributes;
};

// Rewrites the node to compute the same under opset 7, with nodes before it where its operands
// have to be given other shapes.
// Errors: unsupported or corrupt, where the newer operator has no such form (training mode).
Status lift_node(OldNode old);

}  // namespace hone::import_detail
