// What the equation of an Einsum says, for its inference, reference and lowering.
#pragma once

#include <vector>

#include "host/ops/op_def.h"

namespace hone::ops {

// Labels of each operand's axes and of the result's: letters, and for the axes of an ellipsis their
// number from the right (1, 2, ...), so that they broadcast. Labels of the result are in some
// operand, and each is there once.
struct Equation {
  std::vector<std::vector<int>> inputs;
  std::vector<int> output;
};

// Errors: an equation that is none, or not of operands of these ranks.
Result<Equation> equation_of(const graph::Node& node, const std::vector<size_t>& ranks);

}  // namespace hone::ops
