// Models in f16 on engines whose kernels compute in f32.
#pragma once

#include "common/base/status.h"
#include "host/graph/graph.h"

namespace hone::engine {

// Every value of f16 becomes f32, constants exactly; inputs and outputs of the graph keep
// their types, by Casts. What the model would round to 11 bits between two nodes is no longer
// rounded. A graph that holds such values within subgraphs is left as it is. Needs inferred facts.
Status widen_halves(graph::Graph* graph);

}  // namespace hone::engine
