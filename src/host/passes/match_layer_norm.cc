// match_layer_norm: (x - mean) / sqrt(variance + epsilon) over the last axes, and the scale and
// bias behind it, become LayerNormalization.

#include "host/passes/root_mean_square.h"

namespace hone::passes {

namespace {

constexpr int64_t layer_norm_since = 17;

// x, where `centred` = x - mean(x) over those axes.
ValueId centred_value(const Graph& g, const Node* centred, const std::vector<int64_t>& axes) {
  if (centred == nullptr || !centred->is("Sub")) return graph::none;
  const Node* mean = g.producer_of(centred->input(1));
  if (mean == nullptr || mean->input(0) != centred->input(0)) return graph::none;
  return mean_axes(g, *mean) == axes ? centred->input(0) : graph::none;
}

std::optional<Patch> quotient(const Graph& g, NodeId id) {
  auto found = over_its_rms(g, g.node(id));
  if (!found) return std::nullopt;
  const ValueId x = centred_value(g, g.producer_of(found->x), found->axes);
  if (x == graph::none) return std::nullopt;
  return replace_by(g, id, {"LayerNormalization", layer_norm_since, x}, *found);
}

// Keras: x f + (bias - mean f), where f = scale / sqrt(variance + epsilon).
std::optional<Patch> straight_line(const Graph& g, NodeId id, ValueId product, ValueId rest) {
  const Node *times = g.producer_of(product), *minus = g.producer_of(rest);
  if (times == nullptr || minus == nullptr || !times->is("Mul") || !minus->is("Sub")) {
    return std::nullopt;
  }
  const Node* taken = g.producer_of(minus->input(1));
  if (g.constant(minus->input(0)) == nullptr || taken == nullptr || !taken->is("Mul")) {
    return std::nullopt;
  }
  for (size_t i : {size_t{0}, size_t{1}}) {
    const ValueId x = times->input(i), f = times->input(1 - i);
    const ValueId mean = taken->input(0) == f ? taken->input(1) : taken->input(0);
    const Node* factor = g.producer_of(f);
    auto parts = factor != nullptr && factor->is("Mul") ? with_constant(g, *factor) : std::nullopt;
    if (!parts || (taken->input(0) != f && taken->input(1) != f)) continue;
    const ValueId scale = parts->value == factor->input(0) ? factor->input(1) : factor->input(0);
    for (NodeId user : g.users(x)) {
      const Node& centred = g.node(user);
      auto found = is_inverse_rms(g, parts->value, centred.output(0));
      if (!found || centred.input(1) != mean) continue;
      if (centred_value(g, &centred, found->axes) != x) continue;
      return replace_by(g, id, {"LayerNormalization", layer_norm_since, x, scale, minus->input(0)},
                        *found);
    }
  }
  return std::nullopt;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  if (auto p = quotient(g, id)) return p;
  if (auto p = take_affine(g, id, "LayerNormalization", true)) return p;
  const Node& n = g.node(id);
  if (!n.is("Add") || n.inputs.size() != 2 || !is_f32(g, n.output(0))) return std::nullopt;
  auto p = straight_line(g, id, n.input(0), n.input(1));
  return p ? std::move(p) : straight_line(g, id, n.input(1), n.input(0));
}

}  // namespace

extern const Pass match_layer_norm;
const Pass match_layer_norm{
    "match_layer_norm", "recognise layer normalisation", Stage::engine, true, propose, nullptr};

}  // namespace hone::passes
