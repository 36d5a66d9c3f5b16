// The layers of an engine as a session has bound them: what each computes, with which kernel, how
// much work that is, and which other tactics the build knew.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ship/measure/session.h"
#include "ship/profile/work.h"

namespace hone::ship {

struct TacticTime {
  std::string kernel;
  double us = 0;     // at build
  double ratio = 0;  // to the chosen one's time at build
};
struct Refusal {
  std::string kernel, reason;
};

struct Layer {
  int32_t step = 0;
  std::vector<std::string> nodes;  // of the model, that it computes
  std::string layer;               // the same as one text
  std::string op;                  // "Conv + Relu"
  std::string kernel, family;
  std::string dtype;  // of the first operand: what it computes in
  Work work;
  std::optional<double> built_us;  // its time at build; nullopt: not timed
  std::optional<TacticTime> runner_up;
  std::vector<Refusal> refused;
};

// The steps that run kernels, in order. The session is bound and has run once, so that sizes the
// data decide are known. Errors: a step whose operands have no size.
Result<std::vector<Layer>> describe_layers(Session& session);

// Bytes that a run touches: weights and values.
double model_bytes(Session& session);

// "a + b + c" -> {"a", "b", "c"}
std::vector<std::string> nodes_of(const std::string& layer);

}  // namespace hone::ship
