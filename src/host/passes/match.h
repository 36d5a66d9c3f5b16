// What passes ask of graphs when they look for patterns.
#pragma once

#include <optional>

#include "host/passes/pass.h"

namespace hone::passes {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Patch;
using graph::ValueId;

// The only element of a constant of one element, as double.
std::optional<double> scalar(const Graph& g, ValueId v);

// The constant operand of a binary node and the other one: {value, constant}. nullopt: none or
// both.
struct WithConstant {
  ValueId value;
  const Tensor* constant;
};
std::optional<WithConstant> with_constant(const Graph& g, const Node& n);

// The activation a node computes, as Hone's fused operators write it.
struct Activation {
  std::string name;
  float a = 0, b = 0;
};
std::optional<Activation> activation_of(const Graph& g, const Node& n);
void set_activation(graph::Node& n, const Activation& a);

// Gemm whose C is a row (or absent), MatMul of matrices or FusedGemm, as a new FusedGemm node.
std::optional<Node> as_fused_gemm(const Graph& g, const Node& n);

// Reshape, Flatten, Squeeze or Unsqueeze: the elements stay in their order.
bool reshapes(const Node& n);
bool all_zero(const std::vector<int64_t>& v);

// Each element of the result is a function of the same element of every operand (broadcast), of
// ONNX's operators on floats and of Hone's that are made of them.
bool is_elementwise(const Node& n);

// `made` computes what `last` made of the result of `first`, which nothing else reads.
Patch merged_pair(const Graph& g, NodeId last, NodeId first, Node made);

bool same_shape(const Graph& g, ValueId a, ValueId b);
bool is_f32(const Graph& g, ValueId v);

// "Conv 'c1'"
std::string label(const Node& n);

}  // namespace hone::passes
