// The masks that match_attention found, as the one that Attention takes.
#pragma once

#include <optional>

#include "host/passes/attention_parts.h"

namespace hone::passes {

struct Mask {
  ValueId value = graph::none;
  bool causal = false;
};

// One mask for scores of [target..., S, T], made in `p`. `q` has the dimensions `target` in front
// (a shape to be read from it). nullopt: there is none.
std::optional<Mask> one_mask(const Graph& g, const std::vector<MaskPart>& parts,
                             const graph::SymShape& target, ValueId q,
                             const std::vector<graph::NodeId>& origins, Patch* p);

// The value of `part`, which broadcasts to scores in other groups, to broadcast to [target..., S,
// T]. none: it cannot.
ValueId regrouped(const Graph& g, const MaskPart& part, const graph::SymShape& target, ValueId q,
                  const std::vector<graph::NodeId>& origins, Patch* p);

// A node of the default domain with one output.
ValueId add_node(Patch* p, const char* op, std::vector<ValueId> inputs,
                 const std::vector<graph::NodeId>& origins);
// Squeeze and Unsqueeze, whose axes were an attribute before opset 13.
ValueId add_axes_node(const Graph& g, Patch* p, const char* op, ValueId x,
                      std::vector<int64_t> axes, const std::vector<graph::NodeId>& origins);
// x as `shape`, of which at most one dimension is no number. none: there are more.
ValueId add_reshape(Patch* p, ValueId x, const graph::SymShape& shape,
                    const std::vector<graph::NodeId>& origins);

}  // namespace hone::passes
