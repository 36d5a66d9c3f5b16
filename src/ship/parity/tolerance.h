// How far an engine's results may lie from the reference, by what its products are computed in.
#pragma once

#include <string_view>

#include "host/graph/graph.h"

namespace hone::ship {

// As a share of the largest value of an output's channel: see compare(). 1e-3 for sums of f32 and
// integers. A product of bf16 or f16 rounds both operands and its result, each by at most u =
// 2^-8 or 2^-11 of itself; of n layers in a row those 3 n roundings, as likely up as down, come to
// sqrt(3 n) u, and to 3 times that once in 370.
double usual_tolerance(std::string_view precision, int64_t products);

// Convolutions and products by constants: what such an engine rounds.
int64_t products_of(const graph::Graph& g);

}  // namespace hone::ship
