// fuse_chain: functions of one and two values whose results only each other read are computed block
// by block in one step: what is between them never leaves the cache.

#include <algorithm>
#include <set>

#include "host/ops/chain.h"
#include "host/passes/match.h"

namespace hone::passes {

namespace {

using ops::ChainOp;

// What a node computes: at most a function of two values and an activation of its result. Args of
// the first number the node's inputs.
struct Member {
  ChainOp first;
  std::optional<ChainOp> second;  // of the first's result

  size_t count() const { return second ? 2 : 1; }
};

std::optional<Member> binary_member(const Node& n) {
  Member m;
  bool fused = n.is("FusedBinary", graph::hone_domain);
  std::string op = fused ? n.attributes.s("op", "") : n.domain.empty() ? n.op : "";
  if (!ops::is_chain_binary(op) || n.inputs.size() != 2) return std::nullopt;
  m.first = {op, 0, 1, 0, 0};
  if (fused) {
    m.second = ChainOp{n.attributes.s("activation", "none"), 0, -1, n.attributes.f("act_a", 0),
                       n.attributes.f("act_b", 0)};
  }
  return m;
}

// Only functions of which every instruction set has a fast form.
std::optional<Member> member(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (n.outputs.size() != 1 || !is_f32(g, n.output(0)) || !g.fact(n.output(0)).has_rank()) {
    return std::nullopt;
  }
  if (auto act = activation_of(g, n)) {
    return Member{{act->name, 0, -1, act->a, act->b}, std::nullopt};
  }
  if (n.domain.empty() && n.inputs.size() == 1 && ops::is_chain_unary(n.op)) {
    return Member{{n.op, 0, -1, 0, 0}, std::nullopt};
  }
  if (!is_f32(g, n.input(0)) || !is_f32(g, n.input(1))) return std::nullopt;
  return binary_member(n);
}

// The values a member reads: of Clip, not the bounds.
std::span<const ValueId> operands(const Node& n, const Member& m) {
  return std::span(n.inputs).first(m.first.b < 0 ? 1 : 2);
}

// A set of nodes around the one whose result others read.
class Group {
 public:
  Group(const Graph& g, NodeId root) : g_(g), root_(root) {
    auto m = member(g, root);
    if (!m || !all_span_plainly({{root, *m}})) return;
    members_.emplace(root, *m);
    grow();
  }

  size_t size() const { return members_.size(); }
  bool contains(NodeId n) const { return members_.contains(n); }

  Patch patch() const {
    Patch p(g_, root_);
    std::vector<NodeId> order = in_order(members_);
    std::vector<ValueId> inputs = outside(members_);
    Node made;
    made.op = "FusedChain";
    made.domain = graph::hone_domain;
    made.version = 1;
    made.name = g_.node(root_).name;
    made.inputs = inputs;
    ops::set_chain(made, chain(order, inputs));
    p.set_why("chain of " + std::to_string(order.size()) + " nodes to " + label(g_.node(root_)));
    p.replace(g_.node(root_).output(0), p.add(std::move(made), order));
    for (auto it = order.rbegin(); it != order.rend(); ++it) p.remove(*it);
    return p;
  }

 private:
  using Members = std::map<NodeId, Member>;

  // Each behind those whose results it reads. All lead to the root; the rest of the block, which
  // may be long, is not looked at.
  std::vector<NodeId> in_order(const Members& members) const {
    std::vector<NodeId> order;
    auto visit = [&](auto& self, NodeId n) -> void {
      auto it = members.find(n);
      if (it == members.end() || std::find(order.begin(), order.end(), n) != order.end()) return;
      for (ValueId v : operands(g_.node(n), it->second)) self(self, g_.value(v).producer);
      order.push_back(n);
    };
    visit(visit, root_);
    return order;
  }

  // Values that members read and none makes, in order of first use.
  std::vector<ValueId> outside(const Members& members) const {
    std::vector<ValueId> values;
    for (NodeId n : in_order(members)) {
      for (ValueId v : operands(g_.node(n), members.at(n))) {
        bool known = std::find(values.begin(), values.end(), v) != values.end();
        if (!known && !members.contains(g_.value(v).producer)) values.push_back(v);
      }
    }
    return values;
  }

  // Whether every size of every operand is 1 or the result's own: no shape is left to be settled by
  // the sizes of a run, where one operand decides for another.
  bool all_span_plainly(const Members& members) const {
    const auto& y = *g_.fact(g_.node(root_).output(0)).shape;
    for (ValueId v : outside(members)) {
      const auto& x = g_.fact(v).shape;
      if (!x || x->size() > y.size()) return false;
      for (size_t i = 1; i <= x->size(); ++i) {
        const auto& d = (*x)[x->size() - i];
        if (!(d == graph::Dim(1)) && !(d == y[y.size() - i])) return false;
      }
    }
    return true;
  }

  // Whether nobody but members reads the node's result, and it lies as the root's does.
  bool is_inside(NodeId n) const {
    const ValueId v = g_.node(n).output(0), out = g_.node(root_).output(0);
    if (g_.node(n).block != g_.node(root_).block || g_.is_block_output(v)) return false;
    if (!same_shape(g_, v, out) || g_.value(v).layout != g_.value(out).layout) return false;
    auto users = g_.users(v);
    return std::all_of(users.begin(), users.end(), [&](NodeId u) { return contains(u); });
  }

  std::optional<Members> with(NodeId n) const {
    if (n == graph::none || contains(n)) return std::nullopt;
    auto m = member(g_, n);
    if (!m || !is_inside(n)) return std::nullopt;
    Members more = members_;
    more.emplace(n, *m);
    size_t count = 0;
    for (const auto& [id, one] : more) count += one.count();
    bool fits = count <= ops::max_chain_ops && outside(more).size() <= ops::max_chain_inputs;
    if (!fits || !all_span_plainly(more)) return std::nullopt;
    return more;
  }

  void grow() {
    for (bool grown = true; grown;) {
      grown = false;
      for (ValueId v : outside(members_)) {
        auto more = with(g_.value(v).producer);
        if (!more) continue;
        members_ = std::move(*more);
        grown = true;
        break;
      }
    }
  }

  std::vector<ChainOp> chain(const std::vector<NodeId>& order,
                             const std::vector<ValueId>& inputs) const {
    std::vector<ChainOp> all;
    std::map<ValueId, int> number;
    for (ValueId v : inputs) number.emplace(v, static_cast<int>(number.size()));
    const auto results = static_cast<int>(inputs.size());
    for (NodeId id : order) {
      const Node& n = g_.node(id);
      const Member& m = members_.at(id);
      ChainOp c = m.first;
      c.a = number.at(n.input(0));
      if (c.b >= 0) c.b = number.at(n.input(1));
      all.push_back(c);
      if (m.second) {
        c = *m.second;
        c.a = results + static_cast<int>(all.size()) - 1;
        all.push_back(c);
      }
      number[n.output(0)] = results + static_cast<int>(all.size()) - 1;
    }
    return all;
  }

  const Graph& g_;
  NodeId root_;
  Members members_;
};

// Whether a group that begins further down takes the node in: that one is the longer.
bool belongs_to_another(const Graph& g, NodeId id) {
  NodeId at = id;
  for (size_t i = 0; i < ops::max_chain_ops; ++i) {
    auto users = g.users(g.node(at).output(0));
    if (users.empty()) return false;
    at = users.back();
    if (!member(g, at)) return false;
    if (Group(g, at).contains(id)) return true;
  }
  return false;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  Group group(g, id);
  if (group.size() < 2 || belongs_to_another(g, id)) return std::nullopt;
  return group.patch();
}

}  // namespace

extern const Pass fuse_chain;
const Pass fuse_chain{"fuse_chain",  "compute functions element by element in one step",
                      Stage::engine, true,
                      propose,       nullptr};

}  // namespace hone::passes
