// Shapes for Reshape that are constants although sizes are not.
#pragma once

#include <optional>

#include "host/graph/graph.h"

namespace hone::passes {

// A constant that reshapes `from` to `to` for all sizes, empty tensors included: 0 for a size that
// stands at its place in `from`, too, -1 for at most one other. nullopt where none is provable.
// `minus_one`: where the shape it replaces has a -1. `same_count`: what is reshaped has as many
// elements as `to`, whatever the expressions look like; otherwise a -1 must be proven to be no
// other size, so that shapes which do not fit are still refused.
std::optional<Tensor> reshape_target(const std::optional<graph::SymShape>& from,
                                     const graph::SymShape& to, std::optional<size_t> minus_one,
                                     bool same_count);

// Where the shape that a Reshape takes has its -1.
std::optional<size_t> minus_one_of(const graph::Graph& g, const graph::Node& reshape);

}  // namespace hone::passes
