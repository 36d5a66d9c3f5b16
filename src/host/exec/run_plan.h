// Running a Plan on the host, step by step, with a look at every value: calibration, parity by
// layer. The device runtime runs the same steps from the engine file; this one is for looking.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "host/plan/plan.h"

namespace hone::exec {

// Called after each step with each of its outputs: the step's number, the plan value, its data in
// physical order (dense).
using Tap = std::function<void(size_t, plan::PlanValue, const Tensor&)>;

// A plan to be run many times: steps stay bound and memory stays allocated while the sizes of the
// inputs are the same. For one thread at a time; `plan` must outlive it.
class PlanRunner {
 public:
  explicit PlanRunner(const plan::Plan& plan);
  PlanRunner(PlanRunner&&) noexcept;
  PlanRunner& operator=(PlanRunner&&) noexcept;
  ~PlanRunner();

  // As run_plan().
  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs, const Tap& tap = {});

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

// Inputs in order, dtypes and shapes as the plan's. Outputs row-major. Errors: shape_mismatch for
// inputs that do not fit; invalid_argument where a trap is reached.
Result<std::vector<Tensor>> run_plan(const plan::Plan& plan, const std::vector<Tensor>& inputs,
                                     const Tap& tap = {});

}  // namespace hone::exec
