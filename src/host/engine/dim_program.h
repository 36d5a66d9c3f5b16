// Dims -> the shape program of the engine file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine_generated.h"
#include "host/graph/dim.h"
#include "host/plan/plan.h"

namespace hone::engine {

// Instructions in the order they are first needed; equal instructions are one.
class DimProgram {
 public:
  // `number` gives the engine's number of a plan value; asked for data sizes only.
  DimProgram(const plan::Plan& plan, std::function<int32_t(plan::PlanValue)> number = {})
      : plan_(plan), number_(std::move(number)) {}

  // Index of the instruction that computes `d`. Errors: internal for a symbol no input has.
  Result<int32_t> index(const graph::Dim& d);
  Result<std::vector<int32_t>> indices(const std::vector<graph::Dim>& dims);
  int32_t input_dim(int32_t input, int32_t axis);
  int32_t emit(wire::DimOp op, int32_t a, int32_t b, int64_t value);

  const std::vector<wire::DimInstr>& instructions() const { return code_; }

 private:
  Result<int32_t> symbol(const std::string& name);
  Result<int32_t> atom(const graph::Dim::Atom& a);

  const plan::Plan& plan_;
  std::function<int32_t(plan::PlanValue)> number_;
  std::vector<wire::DimInstr> code_;
  std::map<std::tuple<int, int32_t, int32_t, int64_t>, int32_t> known_;
};

}  // namespace hone::engine
