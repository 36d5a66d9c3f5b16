#include "host/ops/settle_if.h"

#include <fmt/format.h>

#include "host/graph/title.h"
#include "host/ops/op_def.h"

namespace hone::ops {
namespace {

bool differ_in_rank(const Fact& a, const Fact& b) {
  return a.has_rank() && b.has_rank() && a.rank() != b.rank();
}

// The two branches that may run, where their results differ in rank; else none.
std::vector<BlockId> rivals(const Graph& graph, const Node& node) {
  std::vector<BlockId> blocks;
  for (BlockId b : node.blocks) {
    if (graph.block(b).poisoned.empty()) blocks.push_back(b);
  }
  if (blocks.size() != 2) return {};
  const auto &x = graph.block(blocks[0]).outputs, &y = graph.block(blocks[1]).outputs;
  for (size_t i = 0; i < x.size() && i < y.size(); ++i) {
    const ValueId out = node.output(i);
    if (out == graph::none || graph.fact(out).has_rank()) continue;  // a known condition's
    if (differ_in_rank(graph.fact(x[i]), graph.fact(y[i]))) return blocks;
  }
  return {};
}

void take_results(Graph& graph, const Node& node, BlockId block) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == graph::none) continue;
    graph.set_fact(node.outputs[i], graph.fact(graph.block(block).outputs[i]));
  }
}

// Infers what follows as if `block` had run: the condition is known then, too. What that says of
// blocks further on holds only under this assumption and is taken back.
Status attempt(Graph& graph, const Node& node, BlockId block, std::span<const NodeId> rest) {
  std::vector<std::string> poisoned;
  for (BlockId b = 0; b < graph.block_count(); ++b) poisoned.push_back(graph.block(b).poisoned);
  const ValueId condition = node.input(0);
  const Fact known = graph.fact(condition);
  if (known.has_rank() && known.rank() <= 1 && !graph.value(condition).is_constant()) {
    Fact assumed = known;
    assumed.content = {Dim(graph.block(block).name == "then_branch" ? 1 : 0)};
    graph.set_fact(condition, std::move(assumed));
  }
  take_results(graph, node, block);
  Status status;
  for (NodeId n : rest) {
    if (status.ok() && graph.node(n).alive) status = infer_node(graph, n);
  }
  graph.set_fact(condition, known);
  for (BlockId b = 0; b < graph.block_count(); ++b) {
    if (graph.block(b).poisoned != poisoned[static_cast<size_t>(b)]) {
      graph.poison(b, poisoned[static_cast<size_t>(b)]);
    }
  }
  return status;
}

}  // namespace

Status settle_if(Graph& graph, NodeId id, std::span<const NodeId> rest) {
  if (!graph.node(id).is("If")) return {};
  const Node node = graph.node(id);
  const std::vector<BlockId> blocks = rivals(graph, node);
  if (blocks.empty()) return {};
  std::vector<Fact> undecided;
  for (ValueId v : node.outputs) {
    undecided.push_back(v == graph::none ? Fact() : graph.fact(v));
  }
  const Status first = attempt(graph, node, blocks[0], rest);
  const Status second = attempt(graph, node, blocks[1], rest);
  if (!first.ok() && !second.ok()) {
    return Status(first.code(), fmt::format("{}: what follows takes neither branch: {}; {}",
                                            title(graph, node), first.text(), second.text()));
  }
  if (first.ok() == second.ok()) {
    for (size_t i = 0; i < undecided.size(); ++i) {
      if (node.outputs[i] != graph::none) graph.set_fact(node.outputs[i], undecided[i]);
    }
    return {};
  }
  const Status& refused = first.ok() ? second : first;
  graph.poison(first.ok() ? blocks[1] : blocks[0], "what follows refuses it: " + refused.text());
  take_results(graph, node, first.ok() ? blocks[0] : blocks[1]);
  return {};
}

}  // namespace hone::ops
