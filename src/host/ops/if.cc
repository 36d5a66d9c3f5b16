// If.
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

struct Branches {
  BlockId taken_if_true = graph::none, taken_if_false = graph::none;
};

Result<Branches> branches_of(const Graph& graph, const Node& node) {
  Branches b;
  for (BlockId id : node.blocks) {
    if (graph.block(id).name == "then_branch") b.taken_if_true = id;
    if (graph.block(id).name == "else_branch") b.taken_if_false = id;
  }
  if (b.taken_if_true == graph::none || b.taken_if_false == graph::none) {
    return invalid("then_branch or else_branch is missing");
  }
  for (BlockId id : {b.taken_if_true, b.taken_if_false}) {
    if (!graph.block(id).inputs.empty()) {
      return invalid(fmt::format("{} has inputs: nobody gives a branch any", graph.block(id).name));
    }
    const size_t n = graph.block(id).outputs.size();
    if (n != node.outputs.size()) {
      return invalid(fmt::format("{} has {} outputs, the node {}", graph.block(id).name, n,
                                 node.outputs.size()));
    }
  }
  return b;
}

// Infers a branch; a failure means that no valid input takes it, and is noted there. What was noted
// stays: facts only become more exact.
Status infer_branch(Graph& graph, BlockId block) {
  Status status = infer_block(graph, block);
  const std::string& known = graph.block(block).poisoned;
  if (!known.empty()) return Status(Code::shape_mismatch, known);
  if (!status.ok()) graph.poison(block, status.text());
  return status;
}

Result<Fact> joined(const InferContext& ctx, size_t output, const Fact& a, const Fact& b) {
  if (a.kind != b.kind ||
      (a.dtype != DType::none && b.dtype != DType::none && a.dtype != b.dtype)) {
    return invalid(fmt::format("output {} is {} in one branch and {} in the other", output,
                               to_string(a), to_string(b)));
  }
  Fact fact;
  fact.kind = a.kind;
  fact.dtype = a.dtype != DType::none ? a.dtype : b.dtype;
  if (!a.has_rank() || !b.has_rank() || a.rank() != b.rank()) return fact;
  fact.shape = a.shape;
  for (size_t d = 0; d < fact.shape->size(); ++d) {
    if (!((*a.shape)[d] == (*b.shape)[d])) {
      (*fact.shape)[d] = ctx.unknown(output, static_cast<int>(d));
    }
  }
  if (a.content && b.content && *a.content == *b.content) fact.content = a.content;
  return fact;
}

void take_facts(InferContext& ctx, BlockId block) {
  const std::vector<ValueId> outputs = ctx.graph().block(block).outputs;
  for (size_t i = 0; i < outputs.size(); ++i) ctx.set(i, ctx.graph().fact(outputs[i]));
}

Status infer(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  if (t != DType::none && t != DType::boolean) {
    return invalid(fmt::format("the condition has type {}, not bool", name(t)));
  }
  Graph& graph = ctx.graph();
  HONE_ASSIGN(const Branches b, branches_of(graph, ctx.node()));
  const Status if_true = infer_branch(graph, b.taken_if_true);
  const Status if_false = infer_branch(graph, b.taken_if_false);
  const auto condition = ctx.ints(0);
  if (condition && condition->size() == 1) {
    const bool taken = (*condition)[0] != 0;
    HONE_RETURN_IF_ERROR(taken ? if_true : if_false);
    take_facts(ctx, taken ? b.taken_if_true : b.taken_if_false);
    return {};
  }
  if (!if_true.ok() && !if_false.ok()) {
    return Status(if_true.code(),
                  fmt::format("neither branch can run: {}; {}", if_true.text(), if_false.text()));
  }
  if (!if_true.ok()) return take_facts(ctx, b.taken_if_false), Status();
  if (!if_false.ok()) return take_facts(ctx, b.taken_if_true), Status();
  const std::vector<ValueId> x = graph.block(b.taken_if_true).outputs;
  const std::vector<ValueId> y = graph.block(b.taken_if_false).outputs;
  for (size_t i = 0; i < x.size(); ++i) {
    HONE_ASSIGN(Fact fact, joined(ctx, i, graph.fact(x[i]), graph.fact(y[i])));
    ctx.set(i, std::move(fact));
  }
  return {};
}

Status reference(RefContext& ctx) {
  HONE_ASSIGN(const Branches b, branches_of(ctx.graph(), ctx.node()));
  const Tensor& condition = ctx.in(0);
  if (!condition.is_plain() || condition.dtype() != DType::boolean || condition.count() != 1) {
    return invalid("the condition is not one bool");
  }
  const BlockId taken = condition.int_at(0) != 0 ? b.taken_if_true : b.taken_if_false;
  HONE_ASSIGN(std::vector<Tensor> outputs, ctx.run_block(taken, {}));
  for (size_t i = 0; i < outputs.size(); ++i) ctx.set(i, std::move(outputs[i]));
  return {};
}

constexpr AttrSpec attrs[] = {{"else_branch", AttrType::graph, true},
                              {"then_branch", AttrType::graph, true}};
const OpDef defs[] = {
    {"", "If", 1, 1, 1, 1, -1, attrs, infer, reference, no_flops, 1e-5, true, true}};

}  // namespace

std::span<const OpDef> if_defs() { return defs; }

}  // namespace hone::ops
