// If -> a branch step with the two regions behind it; each copies its results to the If's outputs.

#include <fmt/format.h>

#include "host/plan/lower/lowerings.h"

namespace hone::plan {

namespace {

Result<int32_t> region(Lowering& l, const Node& n, graph::BlockId id,
                       const std::vector<PlanValue>& results) {
  auto begin = l.plan().steps.size();
  const graph::Block& block = l.graph().block(id);
  auto outside = l.save();
  if (!block.poisoned.empty()) {
    l.add_step(n, "", {}, {}, {}, {});
    Step& trap = l.plan().steps.back();
    trap.kind = Step::Kind::trap;
    trap.text = fmt::format("{} of '{}' cannot run: {}", block.name, n.name, block.poisoned);
  } else {
    HONE_RETURN_IF_ERROR(l.block(id));
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i] == absent) continue;
      HONE_ASSIGN(PlanValue v, l.use_as(block.outputs[i], Layout::row_major));
      l.copy(n, v, results[i]);
    }
  }
  l.restore(std::move(outside));
  return static_cast<int32_t>(l.plan().steps.size() - begin);
}

}  // namespace

Status lower_if(Lowering& l, const Node& n) {
  HONE_ASSIGN(PlanValue condition, l.use_as(n.input(0), Layout::row_major));
  std::vector<PlanValue> results;
  for (ValueId v : n.outputs) {
    results.push_back(v == graph::none ? absent : l.define_as(v, Layout::row_major));
  }
  graph::BlockId then_block = graph::none, else_block = graph::none;
  for (graph::BlockId b : n.blocks) {
    (l.graph().block(b).name == "then_branch" ? then_block : else_block) = b;
  }
  l.add_step(n, "", {l.reshape_view(condition, {})}, {}, {}, {});
  size_t at = l.plan().steps.size() - 1;
  l.plan().steps[at].kind = Step::Kind::branch;
  HONE_ASSIGN(int32_t then_steps, region(l, n, then_block, results));
  HONE_ASSIGN(int32_t else_steps, region(l, n, else_block, results));
  l.plan().steps[at].then_steps = then_steps;
  l.plan().steps[at].else_steps = else_steps;
  return {};
}

}  // namespace hone::plan
