// Models in f16 and bf16 on engines whose kernels compute in f32.
#pragma once

#include "common/base/status.h"
#include "host/graph/graph.h"

namespace hone::engine {

// Whether what nodes make of bf16 is rounded to 8 bits, as ONNX's text has it, or not: values of
// f16 never are between nodes, 11 bits lose next to nothing.
enum class Rounding { each_node, outputs };

// Every value of f16 and bf16 becomes f32, constants exactly; inputs and outputs of the graph and
// of its blocks keep their types, by Casts. With each_node Softmax, LogSoftmax and Attention of
// bf16 stay: they would round every partial sum. Needs inferred facts.
Status widen_halves(graph::Graph* graph, Rounding bf16 = Rounding::each_node);

}  // namespace hone::engine
