// Graph -> Plan: lower, choose tactics, pack constants, place values.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "host/plan/plan.h"
#include "host/plan/timing_cache.h"

namespace hone::plan {

// One kernel on one step with concrete sizes, to be timed. raw[i]: the dense data of constant
// operand i, else nullptr.
struct Candidate {
  const kernels::Kernel* kernel;
  kernels::Step step;
  std::vector<const void*> raw;
};
// Nanoseconds of one run with cold weights. Given to plan by its caller (exec/), so that nothing
// here touches a clock.
using TimeKernel = std::function<Result<double>(const Candidate&, int threads)>;

// Dimensions of named inputs, "min:opt:max" each. Of a profile either none or all inputs with
// dynamic dimensions have one.
using ProfileSpec = std::map<std::string, std::vector<DimRange>>;

struct PlanOptions {
  Target target;
  int threads = 1;
  std::vector<ProfileSpec> profiles;  // empty: any size (see DESIGN 8)
  TimeKernel time;                    // empty: by the cache's timings, else by rank
  TimingCache* cache = nullptr;       // read and extended; may be null
  bool error_on_cache_miss = false;
  double max_weight_growth = 3;       // see weight_growth.h
  // Called before each step's tactics, of each profile: done, total, layer.
  std::function<void(int, int, const std::string&)> progress;
  // Only kernels whose name contains this (tests force one tactic); others where it refuses.
  std::string prefer_kernel;
};

// Errors: unsupported names every node that has no lowering or whose kernels all refuse (with the
// reasons); invalid_argument for profiles that do not fit the inputs or leave some of them open.
Result<Plan> make_plan(const graph::Graph& graph, const PlanOptions& options);
// The same for who wants to know all that is missing: it is listed in `problems` instead of being
// the error. Where there are some the plan is not to be run.
Result<Plan> make_plan(const graph::Graph& graph, const PlanOptions& options,
                       std::vector<Problem>* problems);

}  // namespace hone::plan
