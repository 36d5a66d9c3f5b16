// merge_reshapes: of Reshape, Flatten, Squeeze, Unsqueeze in a row only the last shape matters; a
// Transpose that moves dimensions of size 1 alone is one of them.

#include <algorithm>

#include "host/passes/permute.h"
#include "host/passes/reshape_target.h"

namespace hone::passes {

namespace {

// The other dimensions keep their order, so the elements keep theirs.
bool moves_ones(const Graph& g, const Node& n) {
  if (!n.is("Transpose") || !g.fact(n.input(0)).has_rank()) return false;
  const graph::SymShape& shape = *g.fact(n.input(0)).shape;
  Permutation perm = permutation_of(g, n);
  std::erase_if(perm, [&](int64_t axis) { return shape[static_cast<size_t>(axis)] == 1; });
  return std::is_sorted(perm.begin(), perm.end());
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!reshapes(n) && !moves_ones(g, n)) return std::nullopt;
  const Node* before = g.producer_of(n.input(0));
  if (before == nullptr || before->block != n.block) return std::nullopt;
  bool both = (reshapes(*before) && reshapes(n)) || (reshapes(*before) && moves_ones(g, n)) ||
              (moves_ones(g, *before) && reshapes(n));
  if (!both) return std::nullopt;
  const auto& shape = g.fact(n.output(0)).shape;
  const auto& from = g.fact(before->input(0)).shape;
  auto to = shape ? reshape_target(from, *shape, minus_one_of(g, n), true) : std::nullopt;
  if (!to) return std::nullopt;
  Patch p(g, id);
  Node merged;
  merged.op = "Reshape";
  merged.inputs = {before->input(0), p.constant(std::move(*to), n.name + "_shape")};
  NodeId first = g.value(n.input(0)).producer;
  p.replace(n.output(0), p.add(std::move(merged), {first, id}));
  p.remove(id);
  p.set_why(label(*before) + " + " + label(n));
  return p;
}

}  // namespace

extern const Pass merge_reshapes;
const Pass merge_reshapes{
    "merge_reshapes", "merge reshapes in a row", Stage::standard, true, propose, nullptr};

}  // namespace hone::passes
