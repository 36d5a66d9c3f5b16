// Do two tensors agree? Judged per channel, so that a small channel cannot hide behind a big one.
#pragma once

#include <optional>
#include <string>

#include "host/graph/graph.h"
#include "host/model/tensor.h"

namespace hone::ship {

struct Comparison {
  bool same_type = false;  // dtype and dims
  bool agree = false;
  double worst = 0;       // largest |a - b| / s, s the largest |b| of the channel (at least 1e-6)
  int64_t worst_at = -1;  // element
  double max_abs = 0;
  double cosine = 1;
  int64_t not_finite = 0;  // elements where only one side is NaN or infinite
  std::string text;        // one line
};

// A value in another width of float; others as they are.
Tensor in_type(const Tensor& t, DType type);

// |a - b| <= tolerance * s per channel (axis 1 for rank >= 3, else all elements are one channel).
// Integers and bools: equal on 99.9 % of the elements. b is the reference.
Comparison compare(const Tensor& a, const Tensor& b, double tolerance);

// Where `v` holds integers that a QuantizeLinear rounds floats to: its zero point (the lowest of
// them where there are several; 0 of a DynamicQuantizeLinear). nullopt: integers are exact, or a
// zero point is computed otherwise.
std::optional<double> rounded_from_floats(const graph::Graph& graph, graph::ValueId v);

// Such integers, of zero point `zero`. Before the rounding two sides may be d = tolerance * s
// quanta apart, s the largest |b - zero|, as floats may. Numbers d apart become integers at most
// ceil(d) apart, and a share d of them falls on two sides of a tie: with n elements, at most ceil(d
// n) differ. At the usual tolerance of 1e-3 one quantum is the most that 8 bits may differ by.
Comparison compare_rounded(const Tensor& a, const Tensor& b, double tolerance, double zero);

// Such integers where both sides rounded the same floats x, but for what their own arithmetic did
// to them: each of `a` must be the rounding of a float within d = tolerance * s of x, s the largest
// |x| that does not saturate. So it lies within half a step and d of x, and where it is not `b`,
// the reference's, x lies within d of a tie. worst: how far beyond the tie, as a share of s.
Comparison compare_rounding(const Tensor& a, const Tensor& b, const Tensor& x, double scale,
                            double zero, double tolerance);

// The value of `graph` by whichever of compare() and compare_rounded() fits it.
Comparison compare_value(const graph::Graph& graph, graph::ValueId v, const Tensor& a,
                         const Tensor& b, double tolerance);

}  // namespace hone::ship
