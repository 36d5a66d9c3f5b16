// New weights in an engine's plan: the kernels that were chosen then, nothing timed.
#pragma once

#include "host/plan/tactics.h"

namespace hone::plan {

// A step as an engine runs it.
struct EarlierStep {
  Step::Kind kind = Step::Kind::kernel;
  std::string op, layer;
  const kernels::Kernel* kernel = nullptr;
  ConcreteStep packed;  // at the sizes its tactics were timed at, as the kernel takes it
  std::vector<TacticNote> tactics;
  double ns = 0;
};

struct EarlierTactics {
  std::vector<std::string> inputs, outputs;        // io_text() of each
  std::vector<std::vector<EarlierStep>> profiles;  // steps of each, as many in all
  PackedBytes packed;
};

// "x f32[1,3,h,w]"
std::string io_text(const std::string& name, DType dtype, const std::vector<std::string>& dims);

// Gives every step of the plan, before constants are packed, the tactic of its number in `earlier`.
// Errors (invalid_argument): the first thing in which the plan differs, but for weights: inputs,
// outputs, operators, shapes, attributes. What quantisation derives from weights may differ.
Status take_tactics(Plan& plan, const EarlierTactics& earlier);

}  // namespace hone::plan
