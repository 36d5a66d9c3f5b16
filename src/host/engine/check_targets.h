// What each kind of machine would run of a model, and by which kernels: nothing is timed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/engine/check_model.h"

namespace hone::engine {

struct NamedTarget {
  std::string name;  // "x86_64 avx2"
  Target target;
};
// One for each instruction set that kernels are written for, architecture by architecture, each
// with all that is below it; of unknown memory.
std::vector<NamedTarget> known_targets();

struct TargetCheck {
  std::string name;
  ModelCheck model;  // problems: why `build` refuses it
  // Steps that run plain C++ although the target has an instruction set for others, by operator.
  std::map<std::string, int> portable;
  // The instruction set whose kernels multiply numbers of that type as they are; "f32": they are
  // widened first, which saves memory and no time. Empty where the model has no such products.
  std::string bf16, f16, int8;
};

// The model on each of them, as `build` plans it without timings. Errors: those of pass_model().
Result<std::vector<TargetCheck>> check_targets(const model::Model& model,
                                               const std::vector<NamedTarget>& targets);

}  // namespace hone::engine
