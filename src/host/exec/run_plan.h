// Running a Plan on the host, step by step, with a look at every value: calibration, parity by
// layer. The device runtime runs the same steps from the engine file; this one is for looking.
#pragma once

#include <functional>
#include <vector>

#include "host/plan/plan.h"

namespace hone::exec {

// Called after each step with each of its outputs: the step's number, the plan value, its data in
// physical order (dense).
using Tap = std::function<void(size_t, plan::PlanValue, const Tensor&)>;

// Inputs in order, dtypes and shapes as the plan's. Outputs row-major. Errors: shape_mismatch for
// inputs that do not fit; invalid_argument where a trap is reached.
Result<std::vector<Tensor>> run_plan(const plan::Plan& plan, const std::vector<Tensor>& inputs,
                                     const Tap& tap = {});

}  // namespace hone::exec
