// Models in f16 and bf16 on engines whose kernels compute in f32.
#pragma once

#include "common/base/status.h"
#include "host/graph/graph.h"

namespace hone::engine {

// Every value of f16 and bf16 becomes f32, constants exactly; inputs and outputs of the graph and
// of its blocks keep their types, by Casts. What the model would round to 11 or 8 bits between two
// nodes is no longer rounded. Needs inferred facts.
Status widen_halves(graph::Graph* graph);

}  // namespace hone::engine
