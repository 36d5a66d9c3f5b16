// The steps of an engine file as data, whatever machine it is for.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/wire/engine.h"
#include "device/kernels/kernel.h"
#include "engine_generated.h"
#include "host/plan/plan.h"

namespace hone::engine {

struct FileOperand {
  std::string name;       // of the ONNX value
  kernels::Operand view;  // of weights that a kernel packed u8[bytes]; no type: absent
  wire::Place place = wire::Place::none;
  uint64_t weight_bytes = 0;
};

struct FileStep {
  wire::StepKind kind = wire::StepKind::kernel;
  std::string layer, op, kernel;
  uint16_t kernel_version = 0;
  std::vector<FileOperand> in, out;  // absent ones, too: without a type
  std::vector<int32_t> attrs;
  std::vector<int64_t> dims;
  double ns = 0;
  std::vector<plan::TacticNote> tactics;

  // What kernels are bound to.
  std::vector<kernels::Operand> inputs() const;
  std::vector<kernels::Operand> outputs() const;
};

// As they run under profile number `profile` at the sizes that its tactics were timed at; what only
// data tell is as large as it may be. Errors: a size that overflows.
Result<std::vector<FileStep>> read_steps(const wire::EngineMeta& meta, uint32_t profile);

}  // namespace hone::engine
