// push_transposes: operators between Transposes that compute the same in any order of dimensions
// do so in the order from before the Transposes, wherever that leaves fewer of them. A region of
// such operators is moved as a whole; every patch lowers the number of Transposes, so there is an
// end to it.

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "host/passes/permute.h"

namespace hone::passes {

namespace {

constexpr size_t max_region = 400;  // nodes: bounds the search, which is quadratic in it

class Region {
 public:
  Region(const Graph& g, NodeId seed) : g_(g), block_(g.node(seed).block) {
    perm_ = permutation_of(g, g.node(seed));
    if (perm_.empty() || is_identity(perm_)) return;
    flood(g.node(seed).output(0));
    drop_what_does_not_help();
  }

  int gain() const { return gain_of(nodes_); }
  size_t size() const { return nodes_.size(); }

  Patch patch(NodeId anchor) const {
    Patch p(g_, anchor);
    std::map<ValueId, ValueId> before;  // value -> what a Transpose by perm makes it of
    for (NodeId id : g_.block(block_).nodes) {
      if (nodes_.contains(id)) move(id, &before, &p);
    }
    for (ValueId v : outside_inputs(nodes_)) {
      if (is_transpose(v) && all_users_in(v, nodes_)) p.remove(g_.value(v).producer);
    }
    return p;
  }

 private:
  using Nodes = std::set<NodeId>;

  const Node* transpose_of(ValueId v) const {
    const Node* n = g_.producer_of(v);
    return n != nullptr && n->is("Transpose") ? n : nullptr;
  }
  bool is_transpose(ValueId v) const { return transpose_of(v) != nullptr; }
  bool all_users_in(ValueId v, const Nodes& nodes) const {
    auto users = g_.users(v);
    return !g_.is_block_output(v) &&
           std::all_of(users.begin(), users.end(), [&](NodeId n) { return nodes.contains(n); });
  }
  // How node n is permuted; nullptr where it cannot be.
  const Permuted* permuted(NodeId n) {
    auto [it, fresh] = known_.try_emplace(n);
    if (fresh && g_.node(n).block == block_) it->second = permute(g_, g_.node(n), perm_);
    return it->second ? &*it->second : nullptr;
  }
  const Permuted& how(NodeId n) const { return *known_.at(n); }

  // Values of the region's order that nodes read.
  template <class F>
  void each_operand(NodeId n, F f) const {
    for (const Operand& o : how(n).operands) {
      if (o.kind == Operand::Kind::permuted) f(g_.node(n).inputs[o.index]);
    }
  }
  template <class F>
  void each_output(NodeId n, F f) const {
    if (how(n).keeps_output) return;
    for (ValueId v : g_.node(n).outputs) {
      if (v != graph::none) f(v);
    }
  }

  // All nodes that hang together with the readers of v through values that could be moved.
  void flood(ValueId v) {
    std::deque<NodeId> queue;
    auto offer = [&](NodeId n) {
      if (nodes_.size() >= max_region || nodes_.contains(n) || permuted(n) == nullptr) return;
      nodes_.insert(n);
      queue.push_back(n);
    };
    for (NodeId n : g_.users(v)) offer(n);
    while (!queue.empty()) {
      NodeId n = queue.front();
      queue.pop_front();
      each_operand(n, [&](ValueId in) {
        NodeId from = g_.value(in).producer;
        if (from == graph::none || is_transpose(in)) return;
        if (permuted(from) != nullptr && !how(from).keeps_output) offer(from);
      });
      each_output(n, [&](ValueId out) {
        for (NodeId user : g_.users(out)) offer(user);
      });
    }
  }

  std::set<ValueId> outside_inputs(const Nodes& nodes) const {
    std::set<ValueId> in;
    for (NodeId n : nodes) {
      each_operand(n, [&](ValueId v) {
        if (!nodes.contains(g_.value(v).producer)) in.insert(v);
      });
    }
    return in;
  }

  // Transposes that the region's move saves, less those it makes.
  int gain_of(const Nodes& nodes) const {
    int gain = 0;
    for (ValueId v : outside_inputs(nodes)) {
      const Node* t = transpose_of(v);
      // Another Transpose's operand gets one of its own, made of both.
      if (t == nullptr || permutation_of(g_, *t) != perm_) --gain;
      if (t != nullptr && all_users_in(v, nodes)) ++gain;
    }
    for (NodeId n : nodes) {
      each_output(n, [&](ValueId v) { gain += gain_behind(v, nodes); });
    }
    return gain;
  }

  int gain_behind(ValueId v, const Nodes& nodes) const {
    int gain = 0;
    bool restore = g_.is_block_output(v);
    for (NodeId user : g_.users(v)) {
      if (nodes.contains(user)) continue;
      if (!merges(user)) {
        restore = true;
      } else if (is_identity(after(perm_, permutation_of(g_, g_.node(user))))) {
        ++gain;
      }
    }
    return gain - (restore ? 1 : 0);
  }

  // A Transpose behind the region, which then reads what lies before perm.
  bool merges(NodeId user) const {
    const Node& n = g_.node(user);
    return n.is("Transpose") && n.block == block_ && !permutation_of(g_, n).empty();
  }

  // Takes out node after node as long as that costs nothing, the last ones first.
  void drop_what_does_not_help() {
    auto place = [&](bool forward) {
      std::vector<NodeId> order;
      for (NodeId id : g_.block(block_).nodes) {
        if (nodes_.contains(id)) order.push_back(id);
      }
      if (!forward) std::reverse(order.begin(), order.end());
      return order;
    };
    int gain = gain_of(nodes_);
    for (bool changed = true; changed && !nodes_.empty();) {
      changed = false;
      for (bool forward : {false, true}) {
        for (NodeId n : place(forward)) {
          Nodes less = nodes_;
          less.erase(n);
          int without = gain_of(less);
          if (without < gain) continue;
          gain = without;
          nodes_ = std::move(less);
          changed = true;
        }
      }
    }
  }

  ValueId transpose(ValueId v, const Permutation& perm, const std::vector<NodeId>& origins,
                    Patch* p) const {
    if (is_identity(perm)) return v;
    Node t;
    t.op = "Transpose";
    t.inputs = {v};
    t.attributes.set("perm", perm);
    return p->add(std::move(t), origins);
  }

  // v as it was before perm, for a node of the region at which the patch stands.
  ValueId operand(ValueId v, NodeId reader, std::map<ValueId, ValueId>* before, Patch* p) const {
    if (auto it = before->find(v); it != before->end()) return it->second;
    ValueId from = v;
    Permutation perm = inverse(perm_);
    std::vector<NodeId> origins = {reader};
    if (const Node* t = transpose_of(v); t != nullptr && !permutation_of(g_, *t).empty()) {
      from = t->input(0);
      perm = after(permutation_of(g_, *t), perm);
      origins = {g_.value(v).producer};
    }
    return (*before)[v] = transpose(from, perm, origins, p);
  }

  void move(NodeId id, std::map<ValueId, ValueId>* before, Patch* p) const {
    const Node& n = g_.node(id);
    const Permuted& permuted = how(id);
    p->insert_before(id);
    Node made = permuted.node;
    for (const Operand& o : permuted.operands) {
      ValueId v = n.inputs[o.index];
      if (o.kind == Operand::Kind::permuted) {
        made.inputs[o.index] = operand(v, id, before, p);
      } else if (o.kind == Operand::Kind::constant) {
        made.inputs[o.index] =
            p->constant(transposed(*g_.constant(v), inverse(perm_)), g_.value(v).name);
      }
    }
    for (const auto& [index, list] : permuted.lists) {
      if (made.inputs.size() <= index) made.inputs.resize(index + 1, graph::none);
      made.inputs[index] = p->constant(list, n.name + "_list");
    }
    auto outputs = p->add_multi(std::move(made), n.outputs.size(), {id});
    for (size_t i = 0; i < outputs.size(); ++i) {
      ValueId v = n.outputs[i];
      if (v == graph::none) continue;
      (*before)[v] = outputs[i];
      give(v, outputs[i], id, p);
    }
    p->remove(id);
  }

  // Those outside who read v get it, or their Transpose of it, made of `made`.
  void give(ValueId v, ValueId made, NodeId producer, Patch* p) const {
    if (how(producer).keeps_output) {
      p->replace(v, made);
      return;
    }
    bool restore = g_.is_block_output(v);
    for (NodeId user : g_.users(v)) {
      if (nodes_.contains(user)) continue;
      if (!merges(user)) {
        restore = true;
        continue;
      }
      Permutation both = after(perm_, permutation_of(g_, g_.node(user)));
      p->replace(g_.node(user).output(0), transpose(made, both, {user}, p));
      p->remove(user);
    }
    if (restore) p->replace(v, transpose(made, perm_, {producer}, p));
  }

  const Graph& g_;
  graph::BlockId block_;
  Permutation perm_;
  Nodes nodes_;
  std::map<NodeId, std::optional<Permuted>> known_;
};

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Transpose") || !g.fact(n.input(0)).has_rank()) return std::nullopt;
  if (g.value(n.output(0)).layout != graph::Layout::row_major) return std::nullopt;
  Region region(g, id);
  int gain = region.gain();
  if (gain <= 0) return std::nullopt;
  Patch p = region.patch(id);
  p.set_why("Transposes around " + std::to_string(region.size()) +
            " nodes: " + std::to_string(gain) + " fewer");
  return p;
}

}  // namespace

extern const Pass push_transposes;
const Pass push_transposes{"push_transposes", "move operators out from between transposes",
                           Stage::standard,   true,
                           propose,           nullptr};

}  // namespace hone::passes
