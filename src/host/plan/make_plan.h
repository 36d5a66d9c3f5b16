// Graph -> Plan: lower, choose tactics, pack constants, place values.
#pragma once

#include <climits>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "host/plan/plan.h"
#include "host/plan/tactic_rules.h"
#include "host/plan/timing_cache.h"

namespace hone::plan {

struct EarlierTactics;  // refit.h

// One kernel on one step with concrete sizes, to be timed. raw[i]: the dense data of constant
// operand i, else nullptr.
struct Candidate {
  const kernels::Kernel* kernel;
  kernels::Step step;
  std::vector<const void*> raw;
  double fastest_ns = 0;                  // of the step's candidates so far; 0: none was timed
  std::string key = {};                   // in the timing cache
  const ops::PluginOp* plugin = nullptr;  // whose kernel it is
};
// Nanoseconds of one run with cold weights. Given to plan by its caller (exec/), so that nothing
// here touches a clock.
using TimeKernel = std::function<Result<double>(const Candidate&, int threads)>;

// Dimensions of named inputs, "min:opt:max" each. Of a profile either none or all inputs with
// dynamic dimensions have one.
using ProfileSpec = std::map<std::string, std::vector<DimRange>>;

// What a plan's choices take in timings.
struct TimingSurvey {
  int nodes = 0;                     // steps that run a kernel, of all profiles
  int choices = 0;                   // of them those with several tactics
  std::set<std::string> timings;     // by cache key: what decides them
  std::vector<std::string> missing;  // of those in no cache, for people; each once
};

struct PlanOptions {
  Target target;
  int threads = 1;
  std::vector<ProfileSpec> profiles;  // empty: any size (see DESIGN 8)
  TimeKernel time;                    // empty: by the cache's timings, else by rank
  TimingCache* cache = nullptr;       // read and extended; may be null
  bool error_on_cache_miss = false;
  TimingSurvey* survey = nullptr;           // filled; then nothing is timed, and no miss an error
  const EarlierTactics* earlier = nullptr;  // taken as they are: nothing else decides
  double max_weight_growth = 3;             // see weight_growth.h
  // Called before each step's tactics, of each profile: done, total, layer.
  std::function<void(int, int, const std::string&)> progress;
  TacticRules tactics;  // kernels that may be chosen at all
  // Of what they leave only kernels whose name contains this (tests force one tactic); others where
  // it refuses.
  std::string prefer_kernel;
  int64_t max_workspace = INT64_MAX;  // bytes that a step may work in, of all threads together
  int max_tactics = INT_MAX;          // at least 1: candidates of each step, the first by rank
};

// Errors: unsupported names every node that has no lowering or whose kernels all refuse (with the
// reasons); invalid_argument for profiles that do not fit the inputs or leave some of them open.
Result<Plan> make_plan(const graph::Graph& graph, const PlanOptions& options);
// The same for who wants to know all that is missing: it is listed in `problems` instead of being
// the error. Where there are some the plan is not to be run.
Result<Plan> make_plan(const graph::Graph& graph, const PlanOptions& options,
                       std::vector<Problem>* problems);

}  // namespace hone::plan
