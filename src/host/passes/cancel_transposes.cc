// cancel_transposes: two Transposes in a row are one, or none.

#include "host/passes/match.h"

namespace hone::passes {

namespace {

std::vector<int64_t> permutation(const Graph& g, const Node& n) {
  auto perm = n.attributes.ints("perm");
  if (!perm.empty() || !g.fact(n.input(0)).has_rank()) return perm;
  for (int64_t i = g.fact(n.input(0)).rank(); i-- > 0;) perm.push_back(i);
  return perm;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const Node* before = n.is("Transpose") ? g.producer_of(n.input(0)) : nullptr;
  if (before == nullptr || !before->is("Transpose") || before->block != n.block)
    return std::nullopt;
  auto first = permutation(g, *before), second = permutation(g, n);
  if (first.empty() || first.size() != second.size()) return std::nullopt;
  std::vector<int64_t> both;
  bool identity = true;
  for (size_t i = 0; i < second.size(); ++i) {
    both.push_back(first[static_cast<size_t>(second[i])]);
    identity = identity && both.back() == static_cast<int64_t>(i);
  }
  Patch p(g, id);
  ValueId result = before->input(0);
  if (!identity) {
    Node merged;
    merged.op = "Transpose";
    merged.inputs = {result};
    merged.attributes.set("perm", both);
    result = p.add(std::move(merged), {g.value(n.input(0)).producer, id});
  }
  p.replace(n.output(0), result);
  p.remove(id);
  p.set_why(label(*before) + " + " + label(n));
  return p;
}

}  // namespace

extern const Pass cancel_transposes;
const Pass cancel_transposes{"cancel_transposes",
                             "merge or remove transposes in a row",
                             Stage::standard,
                             true,
                             propose,
                             nullptr};

}  // namespace hone::passes
