// Would a model run as an engine, and if not, why: everything that stands against it at once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/model/onnx.h"
#include "host/plan/make_plan.h"

namespace hone::engine {

struct ModelCheck {
  // Empty: `build` makes an engine for the target. In the order of the model.
  std::vector<plan::Problem> problems;
  // Of the engine, where there are no problems; the arena at the sizes tactics are timed at.
  size_t steps = 0;
  int64_t weights_bytes = 0, arena_bytes = 0;
};

// What values take in the arena under a profile: of any size the sum of the slots at the sizes
// tactics are timed at, each as large as its largest storage.
int64_t arena_bytes(const plan::Plan& plan, const plan::Profile& profile);

// A model as far as every target has it in common: imported, with `shapes` (inputs by name; may be
// empty) bound, and optimised. Operators without a definition (no graph then) and weights that are
// not finite are problems; an error is what keeps the model from being read at all.
struct PassedModel {
  std::optional<graph::Graph> graph;
  std::vector<plan::Problem> problems;
};
Result<PassedModel> pass_model(const model::Model& model,
                               const std::map<std::string, Dims>& shapes);

// Plans it for `target` without timing anything: nodes without a kernel, and more memory than the
// target has, are further problems. `made`: the plan, where every node has a kernel; may be null.
ModelCheck check_passed(const PassedModel& passed, const Target& target, plan::Plan* made);

// Both, for one target. Errors: those of pass_model().
Result<ModelCheck> check_model(const model::Model& model, const Target& target,
                               const std::map<std::string, Dims>& shapes = {});

// Nodes whose operators have no kernel on any machine, of what the passes leave of the graph;
// operators that only compute shapes need none.
std::vector<plan::Problem> nodes_without_kernel(graph::Graph graph);

}  // namespace hone::engine
