// fold_if: an If whose condition is known becomes the branch it takes.

#include "host/passes/match.h"

namespace hone::passes {

namespace {

std::optional<bool> condition(const Graph& g, ValueId v) {
  if (auto c = scalar(g, v)) return *c != 0;
  const auto& content = g.fact(v).content;
  if (!content || content->size() != 1) return std::nullopt;
  auto c = (*content)[0].const_value();
  if (!c) return std::nullopt;
  return *c != 0;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("If")) return std::nullopt;
  auto taken = condition(g, n.input(0));
  if (!taken) return std::nullopt;
  for (graph::BlockId b : n.blocks) {
    const graph::Block& block = g.block(b);
    if (block.name != (*taken ? "then_branch" : "else_branch") || !block.poisoned.empty()) continue;
    Patch p(g, id);
    p.inline_block(b);
    p.set_why(label(n) + " always takes its " + block.name);
    return p;
  }
  return std::nullopt;
}

}  // namespace

extern const Pass fold_if;
const Pass fold_if{
    "fold_if", "inline the branch an If always takes", Stage::standard, true, propose, nullptr};

}  // namespace hone::passes
