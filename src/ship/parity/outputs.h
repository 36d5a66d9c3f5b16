// Are an engine's outputs what the model says?
#pragma once

#include <functional>

#include "ship/parity/layers.h"

namespace hone::ship {

// The plan of the engine, or one whose integers are the same: integers have the same bits whatever
// the kernel. It is asked for where outputs alone do not decide.
using GivePlan = std::function<Result<const plan::Plan*>()>;

struct OutputParity {
  std::vector<Comparison> outputs;  // by the graph's outputs
  bool agree = true;                // all of them
  double worst = 0;                 // the largest of theirs, and of rounded integers on the way
  std::string where;                // where the plan parts from the reference, or that it does not
};

// `got` against the reference's outputs. Where they differ and the model rounds floats to integers,
// a value next to a tie may have fallen to the other side on the way, which is no fault. The
// outputs must then be what follows from the plan's integers, each of which must be a rounding of
// what the reference makes of the integers before it (compare_layers()); no limit is wider than of
// floats. Errors: those of ops::evaluate.
Result<OutputParity> compare_outputs(const graph::Graph& graph, const std::vector<Tensor>& inputs,
                                     const std::vector<Tensor>& got, double tolerance,
                                     const GivePlan& plan);
// Likewise where `want`, the reference's outputs, is at hand.
Result<OutputParity> compare_outputs(const graph::Graph& graph, const std::vector<Tensor>& inputs,
                                     const std::vector<Tensor>& want,
                                     const std::vector<Tensor>& got, double tolerance,
                                     const GivePlan& plan);

// Value by value, where there is no reference; `graph` of one of the sides, or null.
Result<OutputParity> compare_plainly(const graph::Graph* graph, const std::vector<Tensor>& want,
                                     const std::vector<Tensor>& got, double tolerance);

}  // namespace hone::ship
