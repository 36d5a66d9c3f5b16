// Engines whose products are of 16-bit floats.
#pragma once

#include "common/base/status.h"
#include "host/graph/graph.h"

namespace hone::engine {

// Convolutions and products with constant weights become HalfConv and HalfGemm of `type` (bf16 or
// f16), their weights rounded once, their sums in f32. A value between nodes that all take 16 bits
// is kept in 16; one that any other node reads, and the graph's inputs and outputs, stay f32, with
// Casts where a product wants such a value. Layers with a weight beyond the type's range stay f32.
// For graphs after passes; needs inferred facts.
Status narrow_floats(graph::Graph* graph, DType type);

}  // namespace hone::engine
