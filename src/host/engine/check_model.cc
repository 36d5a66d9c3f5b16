#include "host/engine/check_model.h"

#include <fmt/format.h>

#include <numeric>

#include "host/engine/widen_halves.h"
#include "host/import/import.h"
#include "host/ops/op_def.h"
#include "host/passes/pass.h"
#include "host/plan/lower.h"

namespace hone::engine {

namespace {

void add_sizes(const plan::Plan& plan, ModelCheck* check) {
  check->steps = plan.steps.size();
  for (const plan::Constant& c : plan.constants) check->weights_bytes += c.data.bytes();
  check->arena_bytes = arena_bytes(plan, plan.profiles.at(0));
}

}  // namespace

int64_t arena_bytes(const plan::Plan& plan, const plan::Profile& profile) {
  if (!profile.ranges.empty()) return profile.arena_bytes;
  std::vector<int64_t> slots(static_cast<size_t>(plan.slots), 0);
  for (const plan::Storage& s : plan.storages) {
    if (s.place != plan::Place::arena) continue;
    int64_t bytes = byte_size(s.dtype, s.elements.evaluate(profile.example).value_or(0));
    int64_t at = s.block.evaluate(profile.example).value_or(0) * plan::arena_block;
    int64_t& slot = slots[static_cast<size_t>(s.index)];
    slot = std::max(slot, at + bytes);
  }
  return std::accumulate(slots.begin(), slots.end(), int64_t{0});
}

std::vector<plan::Problem> nodes_without_kernel(graph::Graph graph) {
  passes::Options passes;
  passes.engine = true;
  graph::Graph before = graph;
  // A graph that a pass stumbles over is shown as it came.
  if (!passes::run_passes(graph, passes).ok()) graph = std::move(before);
  std::vector<plan::Problem> out;
  for (graph::NodeId n : graph.all_nodes()) {
    const graph::Node& node = graph.node(n);
    if (plan::find_lowering(node) != nullptr || plan::is_shape_arithmetic(graph, node)) continue;
    // Known as soon as the sizes of the inputs are, whatever they depend on now.
    if (node.is("Shape") || node.is("Size")) continue;
    out.push_back({node.op, node.name, "it runs in the reference executor only"});
  }
  return out;
}

Result<PassedModel> pass_model(const model::Model& model,
                               const std::map<std::string, Dims>& shapes) {
  PassedModel passed;
  auto graph = import(model);
  if (!graph.ok()) {
    if (graph.code() != Code::unsupported) return graph.status();
    passed.problems.push_back({"", "", graph.status().text()});
    return passed;
  }
  if (!shapes.empty()) HONE_RETURN_IF_ERROR(ops::bind_input_shapes(*graph, shapes));
  for (const std::string& bad : bad_weights(*graph)) {
    passed.problems.push_back({"", "", "weights are not finite: " + bad});
  }
  HONE_RETURN_IF_ERROR(widen_halves(&*graph));
  passes::Options options;
  options.engine = true;
  if (auto run = passes::run_passes(*graph, options); !run.ok()) return run.status();
  passed.graph = std::move(*graph);
  return passed;
}

ModelCheck check_passed(const PassedModel& passed, const Target& target, plan::Plan* made) {
  ModelCheck check;
  check.problems = passed.problems;
  if (!passed.graph) return check;
  plan::PlanOptions options;
  options.target = target;
  std::vector<plan::Problem> missing;
  auto plan = plan::make_plan(*passed.graph, options, &missing);
  if (!plan.ok()) {
    check.problems.push_back({"", "", plan.status().text()});
    return check;
  }
  check.problems.insert(check.problems.end(), missing.begin(), missing.end());
  if (made != nullptr && missing.empty()) *made = *plan;
  if (!check.problems.empty()) return check;
  add_sizes(*plan, &check);
  if (target.memory_bytes > 0 && check.weights_bytes + check.arena_bytes > target.memory_bytes) {
    check.problems.push_back(
        {"", "",
         fmt::format("weights and arena take {} bytes, the target has {}",
                     check.weights_bytes + check.arena_bytes, target.memory_bytes)});
  }
  return check;
}

Result<ModelCheck> check_model(const model::Model& model, const Target& target,
                               const std::map<std::string, Dims>& shapes) {
  HONE_ASSIGN(const PassedModel passed, pass_model(model, shapes));
  return check_passed(passed, target, nullptr);
}

}  // namespace hone::engine
