// Which nodes take 16-bit floats, and the products that stand for those of f32.
#pragma once

#include "host/graph/graph.h"

namespace hone::engine {

// A convolution, or a product by a constant matrix, that HalfConv or HalfGemm computes in `type`:
// none of its weights would become infinite.
bool is_half_product(const graph::Graph& g, const graph::Node& n, DType type);

bool is_convolution(const graph::Node& n);
// A convolution of each channel by filters of its own: its kernels give 16 bits only.
bool is_depthwise(const graph::Graph& g, const graph::Node& n);

struct HalfProduct {
  graph::Node node;  // without inputs and `to`
  Tensor weights;    // in `type`
  Tensor bias;       // where it is another than the node's input 2
};
// Of such a node.
HalfProduct half_product(const graph::Graph& g, const graph::Node& n, DType type);

// Nodes without weights whose kernels take 16-bit floats wherever they take f32.
bool takes_halves(const graph::Graph& g, const graph::Node& n);

}  // namespace hone::engine
