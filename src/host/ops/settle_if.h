// An If whose branches give results of different ranks, decided by what follows it.
#pragma once

#include <span>

#include "host/graph/graph.h"

namespace hone::ops {

// `node` was inferred, `rest` are the nodes behind it in its block. Where an output has another
// rank in each branch and the condition is not known: infers `rest` as if either branch had run.
// A branch whose results some node behind the If refuses whatever the data is taken by no valid
// input: it is poisoned, and the outputs' facts become the other's. Leaves other nodes alone.
// Errors: neither branch's results fit what follows.
Status settle_if(graph::Graph& graph, graph::NodeId node, std::span<const graph::NodeId> rest);

}  // namespace hone::ops
