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
  std::optional<Divergence> first;  // nullopt: all agree
};

// Runs the plan's kernels on this machine beside the reference of `graph`, on the same inputs.
// Values that passes made or took away are in one of them only and are not compared. Errors: those
// of ops::evaluate and exec::run_plan.
Result<LayerReport> compare_layers(const graph::Graph& graph, const plan::Plan& plan,
                                   const std::vector<Tensor>& inputs, double tolerance);

}  // namespace hone::ship
