// x / sqrt(mean(x^2) + epsilon) in the spellings exporters use: the heart of layer and RMS
// normalisation.
#pragma once

#include <optional>
#include <vector>

#include "host/passes/match.h"

namespace hone::passes {

// Which axes a ReduceMean that keeps them takes, ascending. nullopt: another node, or not known.
std::optional<std::vector<int64_t>> mean_axes(const Graph& g, const Node& n);

struct Normalised {
  ValueId x;
  std::vector<int64_t> axes;  // ascending
  float epsilon;
};
// What n normalises, where it gives x / sqrt(mean(x^2) + epsilon).
std::optional<Normalised> over_its_rms(const Graph& g, const Node& n);

// A normalisation of x with a scale of ones, over `axes`, which must be the last ones and of known
// size: the patch that puts it in n's place.
std::optional<Patch> normalisation(const Graph& g, NodeId n, const char* op, int64_t version,
                                   ValueId x, const Normalised& what);

// Mul (and Add, where the operator has a bias) by a constant of the normalised shape behind a
// normalisation whose scale is still ones (bias absent): that constant becomes the scale (bias).
std::optional<Patch> take_affine(const Graph& g, NodeId n, const char* op, bool has_bias);

}  // namespace hone::passes
