#include "host/quant/weight_nodes.h"

#include "host/ops/matmul_nbits.h"
#include "host/quant/params.h"
#include "host/quant/weights.h"

namespace hone::quant {

using graph::Node;
using graph::NodeId;
using graph::Patch;
using graph::ValueId;

std::string generated(const std::string& called, const char* what) {
  // TensorFlow's exporters call a value by all that was fused into it, hundreds of letters.
  constexpr size_t most = 40;
  std::string stem = called;
  if (stem.size() > most) stem.erase(0, stem.find_last_of("/;") + 1);
  if (stem.size() > most) stem.erase(0, stem.size() - most);
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  while (stem.size() < called.size() && !stem.empty() && continues(stem[0])) stem.erase(0, 1);
  return stem + what;
}

ValueId add_linear(Patch& patch, const char* op, const std::string& called,
                   std::vector<ValueId> inputs, std::optional<int64_t> axis, int64_t version,
                   const std::vector<NodeId>& origins) {
  Node n;
  n.op = op;
  n.name = called;
  n.version = version;
  n.inputs = std::move(inputs);
  if (axis) n.attributes.set("axis", *axis);
  return patch.add(std::move(n), origins);
}

ValueId add_weights(Patch& patch, NodeId reader, const std::string& called, const Tensor& weights,
                    std::span<const float> scales, int axis, int64_t version) {
  const bool one = scales.size() == 1;
  const Dims dims = one ? Dims{} : Dims{static_cast<int64_t>(scales.size())};
  const Tensor integers = to_integers(weights, axis, scales, DType::i8);
  const ValueId q = patch.constant(integers, generated(called, "_quantized"));
  const ValueId scale = patch.constant(Tensor::of<float>(dims, scales), "scale");
  const ValueId zero = patch.constant(Tensor(DType::i8, dims), "zero");
  return add_linear(patch, "DequantizeLinear", generated(called, "_dequantized"), {q, scale, zero},
                    one ? std::nullopt : std::optional<int64_t>(axis), version, {reader});
}

ValueId add_blocks(Patch& patch, NodeId reader, const std::string& called, const Tensor& weights,
                   int axis, int64_t group, DType type, int64_t version) {
  const Tensor scales = group_scales(weights, axis, group, type);
  const Tensor integers = to_integers_by_group(weights, axis, group, scales, type);
  Node dq;
  dq.op = "DequantizeLinear";
  dq.name = generated(called, "_dequantized");
  dq.version = version;
  dq.inputs = {patch.constant(integers, generated(called, "_quantized")),
               patch.constant(scales, "scale")};
  dq.attributes.set("axis", static_cast<int64_t>(axis));
  dq.attributes.set("block_size", group);
  return patch.add(std::move(dq), {reader});
}

ValueId add_nbits_product(Patch& patch, NodeId reader, const std::string& called, ValueId x,
                          const Tensor& weights, int axis, int64_t group) {
  const Tensor by_k = axis == 0 ? weights : transposed(weights);
  const Tensor scales = group_scales(by_k, 0, group, DType::i4);
  const Tensor integers = to_integers_by_group(by_k, 0, group, scales, DType::i4);
  const ops::NBits form{by_k.dims()[0], by_k.dims()[1], 4, group};
  Node n;
  n.domain = "com.microsoft";
  n.op = "MatMulNBits";
  n.version = 1;
  n.inputs = {x, patch.constant(ops::pack_nbits(form, integers), generated(called, "_quantized")),
              patch.constant(transposed(scales), "scale")};
  for (auto [key, value] :
       {std::pair("K", form.k), {"N", form.n}, {"bits", form.bits}, {"block_size", form.block}}) {
    n.attributes.set(key, value);
  }
  return patch.add(std::move(n), {reader});
}

ValueId add_table(Patch& patch, const graph::Graph& g, NodeId reader, const Tensor& table,
                  int64_t version) {
  const Node& n = g.node(reader);
  const std::string& called = g.value(n.input(0)).name;
  const std::vector<float> scales = weight_scales(largest_by_channel(table, graph::none), 127);
  const Tensor integers = to_integers(table, graph::none, scales, DType::i8);
  Node gather = n;
  gather.name = generated(n.name, "_quantized");
  gather.inputs[0] = patch.constant(integers, generated(called, "_quantized"));
  const ValueId rows = patch.add(std::move(gather), {reader});
  const ValueId scale = patch.constant(Tensor::scalar(scales[0]), "scale");
  const ValueId zero = patch.constant(Tensor(DType::i8, {}), "zero");
  patch.remove(reader);
  return add_linear(patch, "DequantizeLinear", n.name, {rows, scale, zero}, {}, version, {reader});
}

Tensor weights_of(const graph::Graph& g, const Node& n) {
  Tensor w = *g.constant(n.input(1));
  const auto alpha = static_cast<double>(n.attributes.f("alpha", 1));
  if (!n.is("Gemm") || alpha == 1) return w;
  for (float& x : w.as_mutable<float>()) x = static_cast<float>(static_cast<double>(x) * alpha);
  return w;
}

}  // namespace hone::quant
