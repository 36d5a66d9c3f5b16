// Activations that exporters spell with several nodes, of which a node is the last one.
#pragma once

#include <optional>

#include "host/passes/match.h"

namespace hone::passes {

struct SpelledActivation {
  Activation activation;
  ValueId x;
  ValueId gate = graph::none;  // x's factor or part of it, where the node has one
  float factor = 1;            // of the activation
};

// GELU in its two forms, or twice that, and x Sigmoid(a x).
std::optional<SpelledActivation> gelu_of(const Graph& g, const Node& n);
// Hard-swish, hard-sigmoid.
std::optional<SpelledActivation> hard_activation_of(const Graph& g, const Node& n);

// n -> Activation.
Patch replace_by(const Graph& g, NodeId n, const SpelledActivation& by);

}  // namespace hone::passes
