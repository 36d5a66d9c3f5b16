// Arithmetic with constants behind a convolution or a matrix product, as one scale and one shift
// for each of its channels.
#pragma once

#include <optional>
#include <vector>

#include "host/passes/match.h"

namespace hone::passes {

// y = x scale[c] + shift[c]
struct Affine {
  std::vector<double> scale, shift;
};

// What Mul, Div, Add or Sub with a constant does to its other operand, whose dimension `axis` is
// the channels. nullopt: another node, or a constant that is not one number per channel (or one in
// all), or that makes the result larger.
std::optional<Affine> affine_of(const Graph& g, const Node& n, int axis, int64_t channels);

// What a BatchNormalization with constants for so many channels does. nullopt: another node, or one
// that trains.
std::optional<Affine> batch_norm_of(const Graph& g, const Node& n, int64_t channels);

bool all_finite(const Tensor& t);

}  // namespace hone::passes
