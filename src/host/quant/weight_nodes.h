// Constant weights kept as integers or in fewer bits, with the node that makes them floats again.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "host/graph/patch.h"

namespace hone::quant {

// What a node or constant is called that stands for `called`: its name and `what` ("_quantized");
// of a long name the last part, as a file holds each name once for every reader.
std::string generated(const std::string& called, const char* what);

// QuantizeLinear or DequantizeLinear of that version, where the patch inserts.
graph::ValueId add_linear(graph::Patch& patch, const char* op, const std::string& called,
                          std::vector<graph::ValueId> inputs, std::optional<int64_t> axis,
                          int64_t version, const std::vector<graph::NodeId>& origins);

// Symmetric i8 with these scales (one, or one for each index of `axis`), dequantised.
graph::ValueId add_weights(graph::Patch& patch, graph::NodeId reader, const std::string& called,
                           const Tensor& weights, std::span<const float> scales, int axis,
                           int64_t version);

// Symmetric i8 or i4 in blocks of `group` along `axis`, dequantised: opset 21. Rank 2.
graph::ValueId add_blocks(graph::Patch& patch, graph::NodeId reader, const std::string& called,
                          const Tensor& weights, int axis, int64_t group, DType type,
                          int64_t version);

// The product itself as com.microsoft's MatMulNBits with the same integers and scales: `x` times
// weights [k, n] whose sums run along `axis`. ONNX Runtime's blocks are powers of 2 from 16 on.
graph::ValueId add_nbits_product(graph::Patch& patch, graph::NodeId reader,
                                 const std::string& called, graph::ValueId x, const Tensor& weights,
                                 int axis, int64_t group);

// A table of floats that a Gather at `reader` reads rows of, as i8 of one scale: the rows are
// gathered as integers, and only those that are read are made floats. Removes the reader; gives
// what readers of its result read.
graph::ValueId add_table(graph::Patch& patch, const graph::Graph& g, graph::NodeId reader,
                         const Tensor& table, int64_t version);

// The weights of a dense node with the alpha of Gemm in them.
Tensor weights_of(const graph::Graph& g, const graph::Node& n);

}  // namespace hone::quant
