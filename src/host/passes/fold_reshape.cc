// fold_reshape: the shape of a Reshape that is computed from shapes becomes a constant where the
// sizes that remain open can be copied (0) or inferred (-1); what computed it falls dead.

#include "host/passes/match.h"
#include "host/passes/reshape_target.h"

namespace hone::passes {

namespace {

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Reshape") || g.constant(n.input(1)) != nullptr) return std::nullopt;
  const auto& wanted = g.fact(n.input(1)).content;
  const auto& to = g.fact(n.output(0)).shape;
  if (!wanted || !to || wanted->size() != to->size()) return std::nullopt;
  auto target = reshape_target(g.fact(n.input(0)).shape, *to, minus_one_of(g, n), false);
  if (!target) return std::nullopt;
  Patch p(g, id);
  Node folded = n;
  folded.inputs[1] = p.constant(std::move(*target), n.name + "_shape");
  folded.attributes.erase("allowzero");
  p.replace(n.output(0), p.add(std::move(folded), {id}));
  p.remove(id);
  p.set_why(label(n) + " by a constant");
  return p;
}

}  // namespace

extern const Pass fold_reshape;
const Pass fold_reshape{"fold_reshape",  "constant shapes for Reshape, sizes copied or inferred",
                        Stage::standard, true,
                        propose,         nullptr};

}  // namespace hone::passes
