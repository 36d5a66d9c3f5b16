// fuse_conv: an activation or the sum with a value of the same shape behind a Conv is done on its
// accumulator.

#include <algorithm>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

bool is_conv(const Graph& g, const Node* n) {
  return n != nullptr && (n->is("Conv") || n->is("FusedConv", graph::hone_domain)) &&
         is_f32(g, n->output(0));
}

bool has_activation(const Node& n) { return n.attributes.s("activation", "none") != "none"; }

Node fused(const Node& conv) {
  Node f = conv;
  f.op = "FusedConv";
  f.domain = graph::hone_domain;
  f.version = 1;
  f.origin.clear();
  return f;
}

std::optional<Patch> with_activation(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto act = activation_of(g, n);
  const Node* conv = act ? g.producer_of(n.input(0)) : nullptr;
  if (!is_conv(g, conv) || conv->block != n.block || !g.single_use(n.input(0))) return std::nullopt;
  bool residual_last = conv->attributes.i("residual_after_act", 0) != 0;
  if (has_activation(*conv) || residual_last) return std::nullopt;
  Node made = fused(*conv);
  set_activation(made, *act);
  return merged_pair(g, id, g.value(n.input(0)).producer, std::move(made));
}

bool is_conv_result(const Graph& g, ValueId v) { return is_conv(g, g.producer_of(v)); }

// Of two results of convolutions in one block: whether a's runs behind b's.
bool runs_later(const Graph& g, ValueId a, ValueId b) {
  if (!is_conv_result(g, a) || !is_conv_result(g, b)) return false;
  const auto& nodes = g.block(g.value(a).block).nodes;
  auto at_b = std::find(nodes.begin(), nodes.end(), g.value(b).producer);
  return std::find(at_b, nodes.end(), g.value(a).producer) != nodes.end();
}

std::optional<Patch> with_residual(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Add") || n.inputs.size() != 2 || n.input(0) == n.input(1)) return std::nullopt;
  // Exporters write skip + block(x) and block(x) + skip alike; of two convolutions the one computed
  // last has its sum hot.
  size_t last = runs_later(g, n.input(1), n.input(0)) ? 1 : 0;
  for (size_t i : {last, 1 - last}) {
    const Node* conv = g.producer_of(n.input(i));
    ValueId other = n.input(1 - i);
    if (!is_conv(g, conv) || conv->block != n.block || !g.single_use(n.input(i))) continue;
    if (conv->input(3) != graph::none || g.constant(other) != nullptr) continue;
    if (!same_shape(g, n.input(i), other) || !is_f32(g, other)) continue;
    Node made = fused(*conv);
    made.inputs.resize(4, graph::none);
    made.inputs[3] = other;
    made.attributes.set("residual_after_act", int64_t{has_activation(*conv) ? 1 : 0});
    return merged_pair(g, id, g.value(n.input(i)).producer, std::move(made));
  }
  return std::nullopt;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  if (auto p = with_activation(g, id)) return p;
  return with_residual(g, id);
}

}  // namespace

extern const Pass fuse_conv;
const Pass fuse_conv{
    "fuse_conv",   "do activations and residual sums on a convolution's accumulator",
    Stage::engine, true,
    propose,       nullptr};

}  // namespace hone::passes
