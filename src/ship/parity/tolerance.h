// How far an engine's results may lie from the reference, by what its products are computed in.
#pragma once

#include <string>
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

// "f16" or "bf16" where a convolution or product of the model's is of such numbers, else "f32".
std::string precision_of(const graph::Graph& g);

// What a model rounds floats to, of weights or of values between its layers.
struct Quantised {
  int bits = 0;       // the fewest; 0: nothing is rounded
  int64_t nodes = 0;  // that round or read such values

  // Whether two models round about the same values, so that what they compute is as near as floats.
  bool resembles(const Quantised& other) const;
};
Quantised quantised(const graph::Graph& g);

// A model of floats beside the same one with values of so many bits: what usual_tolerance() says of
// a type with u = 2^-bits. A step is 2^-bits of a tensor's range, and a rounding at most half of
// it.
double quantised_tolerance(int bits, int64_t products);

}  // namespace hone::ship
