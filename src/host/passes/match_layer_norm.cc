// match_layer_norm: (x - mean) / sqrt(variance + epsilon) over the last axes, and the scale and
// bias behind it, become LayerNormalization.

#include "host/passes/root_mean_square.h"

namespace hone::passes {

namespace {

constexpr int64_t layer_norm_since = 17;

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto found = over_its_rms(g, n);
  if (!found) return take_affine(g, id, "LayerNormalization", true);
  const Node* centred = g.producer_of(found->x);
  if (centred == nullptr || !centred->is("Sub")) return std::nullopt;
  const Node* mean = g.producer_of(centred->input(1));
  if (mean == nullptr || mean->input(0) != centred->input(0)) return std::nullopt;
  if (mean_axes(g, *mean) != found->axes) return std::nullopt;
  return normalisation(g, id, "LayerNormalization", layer_norm_since, centred->input(0), *found);
}

}  // namespace

extern const Pass match_layer_norm;
const Pass match_layer_norm{
    "match_layer_norm", "recognise layer normalisation", Stage::engine, true, propose, nullptr};

}  // namespace hone::passes
