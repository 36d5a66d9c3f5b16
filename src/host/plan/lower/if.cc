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
    HONE_RETURN_IF_ERROR(l.inner_block(id));
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i] == absent) continue;
      HONE_ASSIGN(PlanValue v, l.use_as(block.outputs[i], Layout::row_major));
      l.copy(n, v, results[i]);
    }
  }
  l.restore(std::move(outside));
  return static_cast<int32_t>(l.plan().steps.size() - begin);
}

// An If one of whose branches no valid input takes, its condition known from the shapes alone: the
// other one stands in its place, and shapes that lead elsewhere are refused before anything runs.
bool decided_by_shapes(const Lowering& l, const Node& n, graph::BlockId taken,
                       graph::BlockId other) {
  const auto& content = l.graph().fact(n.input(0)).content;
  return l.depth() == 0 && content && content->size() == 1 &&
         l.graph().block(taken).poisoned.empty() && !l.graph().block(other).poisoned.empty();
}

void wish_for_the_sound_branch(Lowering& l, const Node& n, graph::BlockId then_block,
                               graph::BlockId else_block) {
  const auto& content = l.graph().fact(n.input(0)).content;
  bool then_runs = l.graph().block(then_block).poisoned.empty();
  if (!content || then_runs == l.graph().block(else_block).poisoned.empty()) return;
  l.wishes.push_back(Dim::apply(Dim::Op::equal, {(*content)[0], Dim(then_runs ? 1 : 0)}));
}

Status stand_in(Lowering& l, const Node& n, graph::BlockId taken, graph::BlockId other) {
  const graph::Block &block = l.graph().block(taken), &refused = l.graph().block(other);
  const Dim& condition = (*l.graph().fact(n.input(0)).content)[0];
  bool wanted = block.name == "then_branch";
  l.check(Dim::apply(Dim::Op::equal, {condition, Dim(wanted ? 1 : 0)}),
          fmt::format("these shapes lead to {} of '{}', which cannot run: {}", refused.name, n.name,
                      refused.poisoned));
  HONE_RETURN_IF_ERROR(l.block(taken));
  l.set_current(n);
  for (size_t i = 0; i < n.outputs.size(); ++i) {
    if (n.outputs[i] == graph::none) continue;
    HONE_ASSIGN(PlanValue v, l.use_as(block.outputs[i], Layout::row_major));
    l.define_alias(n.outputs[i], v, Layout::row_major);
  }
  return {};
}

}  // namespace

Status lower_if(Lowering& l, const Node& n) {
  graph::BlockId then_block = graph::none, else_block = graph::none;
  for (graph::BlockId b : n.blocks) {
    (l.graph().block(b).name == "then_branch" ? then_block : else_block) = b;
  }
  if (decided_by_shapes(l, n, then_block, else_block))
    return stand_in(l, n, then_block, else_block);
  if (decided_by_shapes(l, n, else_block, then_block))
    return stand_in(l, n, else_block, then_block);
  HONE_ASSIGN(PlanValue condition, l.use_as(n.input(0), Layout::row_major));
  wish_for_the_sound_branch(l, n, then_block, else_block);
  std::vector<PlanValue> results;
  for (ValueId v : n.outputs) {
    results.push_back(v == graph::none ? absent : l.define_as(v, Layout::row_major));
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
