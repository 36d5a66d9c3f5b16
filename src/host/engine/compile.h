// Model -> engine, in one call: import, bind shapes, passes, plan, write.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/model/onnx.h"
#include "host/passes/pass.h"
#include "host/plan/make_plan.h"

namespace hone::engine {

struct CompileOptions {
  Target target;
  int threads = 1;
  // best: integers where the model has quantised values, f32 elsewhere. int8: the same, and an
  // error for a model without any. f32: quantised values are rounded, but computed with as f32.
  // bf16, f16: the same, with narrow_floats().
  std::string precision = "best";
  std::map<std::string, Dims> shapes;       // inputs made static before anything else
  std::vector<plan::ProfileSpec> profiles;  // as in plan::PlanOptions
  plan::TimeKernel time;                    // empty: by rank, untimed
  plan::TimingCache* cache = nullptr;
  bool error_on_cache_miss = false;
  int opt_level = 3;  // exec/opt_level.h; `time` is to be a timer of that level
  // As in plan::PlanOptions.
  plan::TimingSurvey* survey = nullptr;
  const plan::EarlierTactics* earlier = nullptr;
  double max_weight_growth = 3;
  plan::TacticRules tactics;
  std::string prefer_kernel;
  int64_t max_workspace = INT64_MAX;
  passes::Options passes;  // `engine` is set here
  std::function<void(int, int, const std::string&)> progress;
  std::vector<std::pair<std::string, std::string>> properties;  // written into the engine
  std::function<void(plan::Plan&)> tamper;  // tests plant faults here, before writing
};

constexpr const char* precisions[] = {"f32", "bf16", "f16", "int8", "best"};

// Does the model say of any value that it is integers with a scale?
bool has_quantised_values(const graph::Graph& graph);

struct Compiled {
  plan::Plan plan;
  passes::Report passes;
  std::vector<std::byte> bytes;
};

// Errors: as import(), run_passes() and make_plan(); invalid_argument for NaN or infinite weights,
// naming them, and for a precision that is not known or that the model is not made for.
Result<Compiled> compile(const model::Model& model, const CompileOptions& options);
Result<Compiled> compile(graph::Graph graph, const CompileOptions& options);

}  // namespace hone::engine
