// Timing one kernel on one step, as the planner needs it.
#pragma once

#include "host/plan/make_plan.h"

namespace hone::exec {

struct TimingOptions {
  double budget_ms = 12;  // per kernel and step
  int min_runs = 5;
  int max_runs = 60;
  // A kernel that takes so many times the fastest's time, and as long as this, is run twice.
  double hopeless = 8;
  double hopeless_ms = 1;
  int64_t cold_bytes = 0;  // evicted before each run; 0: 1.25 times the target's L2
};

// A function for PlanOptions::time that runs candidates on this machine; for several threads it is
// the slowest thread's part of the work that counts. Weights are cold: between
// runs another buffer of about the size of the second-level cache is read, because in a model the
// layers before evict them. The estimate is the mean of the runs after the slowest quarter was
// pulled in to the third quartile (winsorised), which neither a lucky run nor an interrupt moves.
plan::TimeKernel make_timer(const Target& machine, const TimingOptions& options = {});

}  // namespace hone::exec
