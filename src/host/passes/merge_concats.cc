// merge_concats: a Concat of Concats along the same axis is one Concat of all their parts.

#include "host/passes/match.h"

namespace hone::passes {

namespace {

// nullopt: not a Concat of a known rank.
std::optional<int64_t> concat_axis(const Graph& g, const Node& n) {
  if (!n.is("Concat") || !g.fact(n.output(0)).has_rank()) return std::nullopt;
  int64_t axis = n.attributes.i("axis", 0);
  return axis < 0 ? axis + g.fact(n.output(0)).rank() : axis;
}

// The Concat that makes `v` for this one reader only; where others read it, it would have to run
// all the same.
const Node* part_of(const Graph& g, const Node& n, ValueId v, int64_t axis) {
  const Node* before = g.producer_of(v);
  bool merges = before != nullptr && before->block == n.block && g.single_use(v) &&
                concat_axis(g, *before) == axis;
  return merges ? before : nullptr;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto axis = concat_axis(g, n);
  if (!axis) return std::nullopt;
  Node made;
  made.op = "Concat";
  made.name = n.name;
  made.attributes = n.attributes;
  std::vector<NodeId> from, gone;
  std::string why;
  for (ValueId v : n.inputs) {
    const Node* before = part_of(g, n, v, *axis);
    if (before == nullptr) {
      made.inputs.push_back(v);
      continue;
    }
    made.inputs.insert(made.inputs.end(), before->inputs.begin(), before->inputs.end());
    gone.push_back(g.value(v).producer);
    why += label(*before) + " + ";
  }
  if (gone.empty()) return std::nullopt;
  from = gone;
  from.push_back(id);
  Patch p(g, id);
  p.replace(n.output(0), p.add(std::move(made), from));
  p.remove(id);
  for (NodeId one : gone) p.remove(one);
  p.set_why(why + label(n));
  return p;
}

}  // namespace

extern const Pass merge_concats;
const Pass merge_concats{
    "merge_concats", "merge Concats along one axis", Stage::standard, true, propose, nullptr};

}  // namespace hone::passes
