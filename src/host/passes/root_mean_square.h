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

// Whether v = 1 / sqrt(mean(x^2) + epsilon), and over what.
std::optional<Normalised> is_inverse_rms(const Graph& g, ValueId v, ValueId x);

// A normalisation of x over `axes`, which must be the last ones and of known size, with constants
// as scale (none: ones) and bias (none: no bias): the patch that puts it in n's place.
struct Normalisation {
  const char* op;
  int64_t version;
  ValueId x, scale = graph::none, bias = graph::none;
};
std::optional<Patch> replace_by(const Graph& g, NodeId n, const Normalisation& made,
                                const Normalised& what);

// Mul (and Add, where the operator has a bias) by a constant of the normalised shape behind a
// normalisation whose scale is still ones (bias absent): that constant becomes the scale (bias).
std::optional<Patch> take_affine(const Graph& g, NodeId n, const char* op, bool has_bias);

}  // namespace hone::passes
