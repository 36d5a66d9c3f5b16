#include "host/engine/compile.h"

#include <fmt/format.h>

#include "host/engine/write_engine.h"
#include "host/import/import.h"
#include "host/ops/op_def.h"

namespace hone::engine {

Result<Compiled> compile(const model::Model& model, const CompileOptions& options) {
  HONE_ASSIGN(graph::Graph graph, import(model));
  return compile(std::move(graph), options);
}

Result<Compiled> compile(graph::Graph graph, const CompileOptions& options) {
  if (options.precision != "f32") {
    return unsupported(
        fmt::format("precision '{}': this version builds f32 only", options.precision));
  }
  if (auto bad = bad_weights(graph); !bad.empty()) {
    return invalid(fmt::format("weights are not finite: {}", fmt::join(bad, "; ")));
  }
  // A profile of one size per dimension is a static shape, and says so to every pass.
  auto shapes = options.shapes;
  for (const auto& [input, ranges] : options.profile) {
    Dims dims;
    for (const plan::DimRange& r : ranges) {
      if (r.min == r.max) dims.push_back(r.min);
    }
    if (dims.size() == ranges.size()) shapes.try_emplace(input, dims);
  }
  if (!shapes.empty()) HONE_RETURN_IF_ERROR(ops::bind_input_shapes(graph, shapes));

  Compiled out;
  passes::Options passes = options.passes;
  passes.engine = true;
  HONE_ASSIGN(out.passes, passes::run_passes(graph, passes));

  plan::PlanOptions plan_options;
  plan_options.target = options.target;
  plan_options.threads = options.threads;
  plan_options.profile = options.profile;
  plan_options.time = options.time;
  plan_options.cache = options.cache;
  plan_options.error_on_cache_miss = options.error_on_cache_miss;
  plan_options.prefer_kernel = options.prefer_kernel;
  plan_options.progress = options.progress;
  HONE_ASSIGN(out.plan, plan::make_plan(graph, plan_options));
  if (options.tamper) options.tamper(out.plan);
  HONE_ASSIGN(out.bytes, write_engine(out.plan, {options.properties}));
  return out;
}

}  // namespace hone::engine
