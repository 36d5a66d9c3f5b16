// match_rms_norm: x / sqrt(mean(x^2) + epsilon) over the last axes, and the scale behind it, become
// RMSNormalization.

#include "host/passes/root_mean_square.h"

namespace hone::passes {

namespace {

constexpr int64_t rms_norm_since = 23;

std::optional<Patch> propose(const Graph& g, NodeId id) {
  auto found = over_its_rms(g, g.node(id));
  if (!found) return take_affine(g, id, "RMSNormalization", false);
  return replace_by(g, id, {"RMSNormalization", rms_norm_since, found->x}, *found);
}

}  // namespace

extern const Pass match_rms_norm;
const Pass match_rms_norm{
    "match_rms_norm", "recognise RMS normalisation", Stage::engine, true, propose, nullptr};

}  // namespace hone::passes
