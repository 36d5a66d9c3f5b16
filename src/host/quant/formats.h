// Formats that need no ranges of activations.
#pragma once

#include "host/quant/insert.h"
#include "host/quant/quantize.h"

namespace hone::quant {

// What became of each node with weights, and the graph.
struct Reduced {
  graph::Graph graph;
  struct Row {
    std::string node, op, precision, cause;
  };
  std::vector<Row> layers;
  std::vector<std::string> findings;
};

// Weights as integers (8 bits by channel, or blocks; 4 bits in blocks for matrices, 8 by channel
// for filters) behind a DequantizeLinear; arithmetic stays float. Tables that Gather reads from are
// 8 bits too. bf16: weights in bfloat16 behind a Cast.
Result<Reduced> reduce_weights(const graph::Graph& g, const Options& options);

// Matrix products and convolutions on integers whose ranges are found while running:
// DynamicQuantizeLinear with MatMulInteger or ConvInteger, as ONNX Runtime can run them.
Result<Reduced> make_dynamic(const graph::Graph& g, const Options& options);

// Values in half precision, inputs and outputs in single. Left in single: nodes that add many
// numbers up or take powers, those that ONNX has in single only, subgraphs and what they read,
// constants beyond 65504 with their readers.
Result<Reduced> make_half(const graph::Graph& g, const Options& options);

}  // namespace hone::quant
