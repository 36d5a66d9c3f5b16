// merge_slices: Slices in a row along different axes are one. The first of them goes where all that
// read it are such Slices.

#include <algorithm>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

struct Cut {
  std::vector<int64_t> starts, ends, axes, steps;
};

// nullopt where a list is not known, or an axis stands twice.
std::optional<Cut> cut_of(const Graph& g, const Node& n) {
  if (!n.is("Slice") || n.version < 10 || !g.fact(n.input(0)).has_rank()) return std::nullopt;
  Cut c;
  std::vector<int64_t>* lists[] = {&c.starts, &c.ends, &c.axes, &c.steps};
  for (size_t i = 0; i < 4; ++i) {
    if (n.input(i + 1) == graph::none) continue;
    const Tensor* t = g.constant(n.input(i + 1));
    if (t == nullptr) return std::nullopt;
    *lists[i] = to_ints(*t);
  }
  const size_t count = c.starts.size();
  for (size_t i = c.axes.size(); n.input(3) == graph::none && i < count; ++i) {
    c.axes.push_back(static_cast<int64_t>(i));
  }
  if (n.input(4) == graph::none) c.steps.assign(count, 1);
  if (c.ends.size() != count || c.axes.size() != count || c.steps.size() != count) {
    return std::nullopt;
  }
  for (int64_t& a : c.axes) a = a < 0 ? a + g.fact(n.input(0)).rank() : a;
  return c;
}

bool share_an_axis(const Cut& a, const Cut& b) {
  return std::any_of(a.axes.begin(), a.axes.end(), [&](int64_t axis) {
    return std::find(b.axes.begin(), b.axes.end(), axis) != b.axes.end();
  });
}

// Whether every reader of `v`, cut along `first`, is a Slice that takes over its work, too.
bool all_merge(const Graph& g, ValueId v, const Cut& first, graph::BlockId block) {
  auto users = g.users(v);
  return !g.is_block_output(v) && std::all_of(users.begin(), users.end(), [&](NodeId user) {
    auto cut = g.node(user).block == block ? cut_of(g, g.node(user)) : std::nullopt;
    return cut && !share_an_axis(first, *cut);
  });
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto second = cut_of(g, n);
  const Node* before = second ? g.producer_of(n.input(0)) : nullptr;
  auto first = before != nullptr ? cut_of(g, *before) : std::nullopt;
  if (!first || !all_merge(g, n.input(0), *first, n.block)) return std::nullopt;
  Patch p(g, id);
  Node made;
  made.op = "Slice";
  made.name = before->name;
  made.inputs = {before->input(0)};
  std::pair<std::vector<int64_t>*, std::vector<int64_t>*> lists[] = {
      {&first->starts, &second->starts},
      {&first->ends, &second->ends},
      {&first->axes, &second->axes},
      {&first->steps, &second->steps}};
  constexpr const char* names[] = {"_starts", "_ends", "_axes", "_steps"};
  for (size_t i = 0; i < 4; ++i) {
    auto& [a, b] = lists[i];
    a->insert(a->end(), b->begin(), b->end());
    Tensor list = Tensor::of<int64_t>({static_cast<int64_t>(a->size())}, *a);
    made.inputs.push_back(p.constant(std::move(list), before->name + names[i]));
  }
  NodeId first_id = g.value(n.input(0)).producer;
  p.replace(n.output(0), p.add(std::move(made), {first_id, id}));
  p.remove(id);
  if (g.single_use(n.input(0))) p.remove(first_id);
  p.set_why(label(*before) + " + " + label(n));
  return p;
}

}  // namespace

extern const Pass merge_slices;
const Pass merge_slices{"merge_slices", "merge slices in a row", Stage::standard, true, propose,
                        nullptr};

}  // namespace hone::passes
