// A graph of an old opset as one of a newer: what export needs to write operators of that opset.
#pragma once

#include "host/graph/graph.h"

namespace hone {

// Nodes whose operator means something else from an opset up to `opset` are rewritten to compute
// the same; names of values survive. A graph of that opset or a newer one is left as it is.
// Errors: unsupported, naming the node and what cannot be said in the newer form.
Status raise_opset(graph::Graph& graph, int64_t opset);

}  // namespace hone
