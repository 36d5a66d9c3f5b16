// Where does the other side part from the reference? Value by value, in the order of its steps.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "host/plan/plan.h"
#include "ship/parity/compare.h"

namespace hone::ship {

struct Divergence {
  std::string value;  // of the ONNX model
  size_t step = 0;
  std::string layer, kernel;
  Comparison found;
  // "'y', step 3 conv1 + relu1 (conv_f32_portable): worst ..."; "'y', node conv1: worst ..."
  std::string text() const;
};

// A value inside the other side, under a name of the model's.
struct LayerValue {
  size_t step = 0;  // the order in which it was made
  std::string layer, kernel;
  Tensor tensor;
  bool physical = false;  // in the order of a plan's kernels, which may be channels last
  int32_t id = 0;         // of an earlier turn of a loop, it is replaced by the later
};
using LayerValues = std::map<graph::ValueId, std::vector<LayerValue>>;

struct LayerReport {
  int compared = 0;                 // values that both sides have
  int rounded = 0;                  // of these, integers that floats were rounded to
  double worst = 0;                 // of the integers: Comparison::worst
  std::optional<Divergence> first;  // nullopt: all agree
  std::vector<Tensor> outputs;      // the reference's, behind the plan's integers
};

// What the plan's kernels make of the inputs on this machine. Values that passes made or took away
// are in one of them only and are not compared. Errors: those of exec::run_plan.
Result<LayerValues> values_of_plan(const graph::Graph& graph, const plan::Plan& plan,
                                   const std::vector<Tensor>& inputs);

// What the reference of `other` makes of the inputs of `graph`, under names that both have: its
// inputs are found by name, else by place. Floats are in the width that `graph` has them in.
// Errors: those of ops::evaluate; shape_mismatch where it takes more inputs.
Result<LayerValues> values_of_reference(const graph::Graph& graph, const graph::Graph& other,
                                        const std::vector<Tensor>& inputs);

// The reference of `graph` beside those values, which were made of the same inputs.
//
// Where floats become integers (QuantizeLinear, QLinearConv, ...) a value next to a tie may fall to
// either side, and what follows may then be far apart although every layer is right. So the
// reference goes on from the other side's integers, once they are found to be roundings of its own
// floats (compare_rounding()): each piece between two roundings is judged on the same inputs, under
// the limit that floats have.
//
// Errors: those of ops::evaluate.
Result<LayerReport> compare_layers(const graph::Graph& graph, const LayerValues& values,
                                   const std::vector<Tensor>& inputs, double tolerance);
// Both.
Result<LayerReport> compare_layers(const graph::Graph& graph, const plan::Plan& plan,
                                   const std::vector<Tensor>& inputs, double tolerance);

}  // namespace hone::ship
