// If -> a branch step with the two regions behind it; each copies its results to the If's outputs,
// and says how large they are where that is not the same in both.

#include <fmt/format.h>

#include <algorithm>

#include "device/kernels/fill/fill.h"
#include "host/plan/lower/lowerings.h"

namespace hone::plan {

namespace {

using graph::BlockId;

// A dimension of an output that is one size in the one branch and another in the other.
struct Unsettled {
  size_t output, axis;
  std::string symbol;
};

const SymShape* shape_of_result(const Lowering& l, BlockId block, size_t output) {
  const auto& shape = l.graph().fact(l.graph().block(block).outputs[output]).shape;
  return l.graph().block(block).poisoned.empty() && shape ? &*shape : nullptr;
}

std::vector<Unsettled> unsettled_of(const Lowering& l, const Node& n, BlockId then_block,
                                    BlockId else_block) {
  std::vector<Unsettled> found;
  for (size_t i = 0; i < n.outputs.size(); ++i) {
    const SymShape *a = shape_of_result(l, then_block, i), *b = shape_of_result(l, else_block, i);
    if (n.outputs[i] == graph::none || a == nullptr || b == nullptr) continue;
    const SymShape& own = *l.graph().fact(n.outputs[i]).shape;
    for (size_t axis = 0; axis < own.size(); ++axis) {
      if (!own[axis].is_symbol() || (own[axis] == (*a)[axis] && own[axis] == (*b)[axis])) continue;
      found.push_back({i, axis, own[axis].symbol_name()});
    }
  }
  return found;
}

bool measures(Lowering& l, size_t begin) {
  const std::vector<Step>& steps = l.plan().steps;
  return std::any_of(steps.begin() + static_cast<std::ptrdiff_t>(begin), steps.end(),
                     [](const Step& s) { return s.kind == Step::Kind::measure; });
}

struct Results {
  std::vector<PlanValue> values;
  std::vector<Unsettled> unsettled;
  PlanValue sizes = absent;  // i64 [unsettled]
};

Status give_results(Lowering& l, const Node& n, BlockId id, const Results& results) {
  l.set_current(n);
  for (size_t i = 0; i < results.values.size(); ++i) {
    if (results.values[i] == absent) continue;
    HONE_ASSIGN(PlanValue v, l.use_as(l.graph().block(id).outputs[i], Layout::row_major));
    l.copy(n, v, l.reshape_view(results.values[i], l.at(v).shape));
  }
  if (results.sizes == absent) return {};
  std::vector<Dim> sizes;
  for (const Unsettled& u : results.unsettled) {
    sizes.push_back((*shape_of_result(l, id, u.output))[u.axis]);
  }
  l.step(n, "fill", {}, {results.sizes}, kernels::FillAttrs{kernels::Fill::dims, 0, 0}, sizes);
  return {};
}

Result<int32_t> region(Lowering& l, const Node& n, BlockId id, const Results& results,
                       bool measured_before) {
  auto begin = l.plan().steps.size();
  const graph::Block& block = l.graph().block(id);
  auto outside = l.save();
  if (measured_before) l.begin_measure(n);
  if (!block.poisoned.empty()) {
    l.add_step(n, "", {}, {}, {}, {});
    Step& trap = l.plan().steps.back();
    trap.kind = Step::Kind::trap;
    trap.text = fmt::format("{} of '{}' cannot run: {}", block.name, n.name, block.poisoned);
  } else {
    HONE_RETURN_IF_ERROR(l.inner_block(id));
    HONE_RETURN_IF_ERROR(give_results(l, n, id, results));
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
  Results results{{}, unsettled_of(l, n, then_block, else_block)};
  for (ValueId v : n.outputs) {
    results.values.push_back(v == graph::none ? absent : l.define_as(v, Layout::row_major));
  }
  const auto count = static_cast<int64_t>(results.unsettled.size());
  if (count > 0) results.sizes = l.temporary(n.name + ".sizes", DType::i64, {Dim(count)});
  l.add_step(n, "", {l.reshape_view(condition, {})}, {}, {}, {});
  size_t at = l.plan().steps.size() - 1;
  l.plan().steps[at].kind = Step::Kind::branch;
  HONE_ASSIGN(int32_t then_steps, region(l, n, then_block, results, false));
  HONE_ASSIGN(int32_t else_steps, region(l, n, else_block, results, measures(l, at)));
  l.plan().steps[at].then_steps = then_steps;
  l.plan().steps[at].else_steps = else_steps;
  if (count > 0 || measures(l, at)) l.begin_measure(n);
  for (size_t k = 0; k < results.unsettled.size(); ++k) {
    const Unsettled& u = results.unsettled[k];
    const Dim &a = (*shape_of_result(l, then_block, u.output))[u.axis],
              &b = (*shape_of_result(l, else_block, u.output))[u.axis];
    l.measure(n, u.symbol, results.sizes, static_cast<int32_t>(k), max(a, b));
  }
  return {};
}

}  // namespace hone::plan
