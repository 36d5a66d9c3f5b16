// Timing one kernel on one step, as the planner needs it.
#pragma once

#include "device/kernels/timed.h"
#include "host/plan/make_plan.h"

namespace hone::exec {

using kernels::TimingOptions;

// A function for PlanOptions::time that runs candidates on this machine, as kernels::time_step()
// says, with 1.25 times its second-level cache evicted.
plan::TimeKernel make_timer(const Target& machine, const TimingOptions& options = {});

}  // namespace hone::exec
