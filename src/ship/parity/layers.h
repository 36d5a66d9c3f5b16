// Where does a plan part from the reference? Value by value, in the order of its steps.
#pragma once

#include <optional>

#include "host/plan/plan.h"
#include "ship/parity/compare.h"

namespace hone::ship {

struct Divergence {
  std::string value;  // of the ONNX model
  size_t step = 0;
  std::string layer, kernel;
  Comparison found;
  // "'y', step 3 conv1 + relu1 (conv_f32_portable): worst ..."
  std::string text() const;
};

struct LayerReport {
  int compared = 0;                 // values that both sides have
  int rounded = 0;                  // of these, integers that floats were rounded to
  double worst = 0;                 // of the integers: Comparison::worst
  std::optional<Divergence> first;  // nullopt: all agree
  std::vector<Tensor> outputs;      // the reference's, behind the plan's integers
};

// Runs the plan's kernels on this machine beside the reference of `graph`, on the same inputs.
// Values that passes made or took away are in one of them only and are not compared.
//
// Where floats become integers (QuantizeLinear, QLinearConv, ...) a value next to a tie may fall to
// either side, and what follows may then be far apart although every layer is right. So the
// reference goes on from the plan's integers, once they are found to be roundings of its own floats
// (compare_rounding()): each piece between two roundings is judged on the same inputs, under the
// limit that floats have.
//
// Errors: those of ops::evaluate and exec::run_plan.
Result<LayerReport> compare_layers(const graph::Graph& graph, const plan::Plan& plan,
                                   const std::vector<Tensor>& inputs, double tolerance);

}  // namespace hone::ship
