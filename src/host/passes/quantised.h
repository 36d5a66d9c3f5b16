// What passes over QuantizeLinear and DequantizeLinear ask of them.
#pragma once

#include "host/passes/match.h"

namespace hone::passes {

// Bytes with a constant scale, and the node that says so.
struct Quantised {
  const Node* node = nullptr;
  const Tensor* scale = nullptr;
  const Tensor* zero = nullptr;  // nullptr: 0

  double zero_at(int64_t i) const {
    return zero == nullptr ? 0 : zero->at(zero->count() == 1 ? 0 : i);
  }
};

bool is_byte(const Graph& g, ValueId v);
bool is_quantize(const Node& n);    // ONNX's QuantizeLinear
bool is_dequantize(const Node& n);  // ONNX's DequantizeLinear

// The scale and zero point of a QuantizeLinear or DequantizeLinear with f32 on the other side; one
// for all, or one for each index of `axis` (-1: no such).
std::optional<Quantised> scale_of(const Graph& g, const Node* n, int64_t axis = -1);
// Of the DequantizeLinear that makes v of bytes.
std::optional<Quantised> dequantised(const Graph& g, ValueId v, int64_t axis = -1);
// Of a QuantizeLinear to bytes, with one scale.
std::optional<Quantised> quantises(const Graph& g, const Node& n);

// Scale and zero point of that, as inputs of a node that must have both.
void add_scale(const Graph& g, Patch& p, const Quantised& q, Node& made);
// New nodes with the scale and zero point of `like`.
ValueId quantize(Patch& p, ValueId v, const Quantised& like,
                 const std::vector<graph::NodeId>& from);
ValueId dequantize(const Graph& g, Patch& p, ValueId v, const Quantised& like,
                   const std::vector<graph::NodeId>& from);

// A Relu or Clip with constant bounds, as the bytes it leaves: Q(act(v)) = clamp(Q(v)) as Q grows
// with v. nullopt: another node.
struct ByteRange {
  int32_t lowest, highest;
};
ByteRange whole_range(const Graph& g, const Quantised& y);
std::optional<ByteRange> range_of(const Graph& g, const Quantised& y, const Node& act);

// What Q `last` quantises: behind a Relu or Clip that nothing else reads, or at once.
struct Clamped {
  NodeId node = graph::none;  // makes what is clamped; single use
  NodeId act = graph::none;
  ByteRange range{};
};
std::optional<Clamped> clamped_result(const Graph& g, const Quantised& y);

// Value `v` as floats, where it is constant or dequantised of constants: a bias.
std::optional<Tensor> constant_bias(const Graph& g, ValueId v);

// Removes the DequantizeLinears of these values that only `reader` reads.
void remove_dequantised(const Graph& g, Patch& p, std::vector<ValueId> values, NodeId reader);

}  // namespace hone::passes
