// merge_duplicates: of nodes that compute the same from the same, the first computes it for all.

#include <algorithm>

#include "host/graph/text_values.h"
#include "host/ops/op_def.h"
#include "host/passes/match.h"

namespace hone::passes {

namespace {

bool same_operand(const Graph& g, ValueId a, ValueId b) {
  if (a == b) return true;
  const Tensor *x = g.constant(a), *y = g.constant(b);
  return x != nullptr && y != nullptr && identical(*x, *y) &&
         g.value(a).layout == g.value(b).layout;
}

bool same_operands(const Graph& g, const Node& a, const Node& b) {
  auto same = [&](ValueId x, ValueId y) { return same_operand(g, x, y); };
  return std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(), same);
}

bool same_attributes(const Node& a, const Node& b) {
  auto same = [](const auto& x, const auto& y) {
    return x.first == y.first &&
           graph::to_string(x.second, true) == graph::to_string(y.second, true);
  };
  return a.attributes.size() == b.attributes.size() &&
         std::equal(a.attributes.begin(), a.attributes.end(), b.attributes.begin(), same);
}

// Every output that `b` has, `a` has too, stored alike.
bool offers_outputs(const Graph& g, const Node& a, const Node& b) {
  for (size_t i = 0; i < b.outputs.size(); ++i) {
    ValueId x = a.output(i), y = b.outputs[i];
    if (y == graph::none) continue;
    if (x == graph::none || g.value(x).layout != g.value(y).layout) return false;
  }
  return true;
}

bool is_before(const Graph& g, NodeId a, NodeId b) {
  for (NodeId n : g.block(g.node(b).block).nodes) {
    if (n == a || n == b) return n == a;
  }
  return false;
}

bool repeats(const Graph& g, const Node& a, const Node& b) {
  return a.op == b.op && a.domain == b.domain && a.version == b.version && a.block == b.block &&
         same_operands(g, a, b) && same_attributes(a, b) && offers_outputs(g, a, b);
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const ops::OpDef* def = n.blocks.empty() ? ops::find_op(n) : nullptr;
  if (def == nullptr || !def->deterministic) return std::nullopt;
  auto operand = std::find_if(n.inputs.begin(), n.inputs.end(), [&](ValueId v) {
    return v != graph::none && !g.value(v).is_constant();
  });
  if (operand == n.inputs.end()) return std::nullopt;  // fold_constants' matter
  for (NodeId other : g.users(*operand)) {
    if (other == id || !repeats(g, g.node(other), n) || !is_before(g, other, id)) continue;
    Patch p(g, id);
    for (size_t i = 0; i < n.outputs.size(); ++i) {
      if (n.outputs[i] != graph::none) p.replace(n.outputs[i], g.node(other).output(i));
    }
    p.remove(id);
    p.set_why(label(n) + " repeats " + label(g.node(other)));
    return p;
  }
  return std::nullopt;
}

}  // namespace

extern const Pass merge_duplicates;
const Pass merge_duplicates{"merge_duplicates",
                            "compute once what is computed twice",
                            Stage::standard,
                            true,
                            propose,
                            nullptr};

}  // namespace hone::passes
