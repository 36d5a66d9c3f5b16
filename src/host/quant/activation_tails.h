// Ranges of what an activation reads: far below zero SiLU, HardSwish, GELU and Mish give next to
// nothing, and levels spent there are lost to the rest.
#pragma once

#include "host/graph/graph.h"
#include "host/quant/calibrators.h"

namespace hone::quant {

// The range without the part below zero whose results differ from that of its end by less than half
// a step of the grid. Unchanged where something else reads the value, too, or a symmetric grid
// would not gain. x sigmoid(x) may stand as two nodes.
Range without_tail(const graph::Graph& g, graph::ValueId v, const Range& range,
                   const GridSpec& grid);

}  // namespace hone::quant
