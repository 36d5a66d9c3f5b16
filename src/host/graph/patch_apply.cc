// Patch::apply: changes the graph in place and keeps what it changed, so that the cost of a patch
// is that of the nodes it touches, and an error puts everything back.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "host/graph/patch.h"
#include "host/graph/title.h"

namespace hone::graph {

class Patch::Transaction {
 public:
  Transaction(const Patch& patch, Graph& graph)
      : p_(patch), g_(graph), first_value_(graph.value_count()), first_node_(graph.node_count()) {}

  Status run(const std::function<Status(Graph&, NodeId)>& infer) {
    HONE_RETURN_IF_ERROR(validate());
    make_values();
    for (BlockId b : p_.inlined_) HONE_RETURN_IF_ERROR(inline_block(b));
    for (const NewNode& n : p_.new_nodes_) HONE_RETURN_IF_ERROR(place(n));
    for (const InputChange& c : p_.input_changes_) change_input(c);
    for (const auto& [old, with] : p_.replacements_) replace(old, with);
    for (const auto& [body, state] : p_.dropped_) HONE_RETURN_IF_ERROR(drop_state(body, state));
    HONE_RETURN_IF_ERROR(remove_nodes());
    give_names();
    HONE_RETURN_IF_ERROR(check_order());
    for (const AttributeChange& c : p_.attribute_changes_) change_attribute(c);
    for (const auto& [v, layout] : p_.layouts_) touch_value(v).layout = layout;
    return infer_and_merge(infer);
  }

  void roll_back() {
    for (ValueId v = first_value_; v < g_.value_count(); ++v) {
      auto it = g_.by_name_.find(g_.value(v).name);
      if (it != g_.by_name_.end() && it->second == v) g_.by_name_.erase(it);
    }
    for (auto& [name, v] : freed_names_) g_.by_name_[name] = v;
    g_.values_.resize(size(first_value_));
    g_.users_.resize(size(first_value_));
    g_.output_uses_.resize(size(first_value_));
    g_.nodes_.resize(size(first_node_));
    for (auto& [v, value] : values_) g_.values_[size(v)] = std::move(value);
    for (auto& [v, users] : users_) g_.users_[size(v)] = std::move(users);
    for (auto& [v, uses] : output_uses_) g_.output_uses_[size(v)] = uses;
    for (auto& [n, node] : nodes_) g_.nodes_[size(n)] = std::move(node);
    for (auto& [b, block] : blocks_) g_.blocks_[size(b)] = std::move(block);
  }

 private:
  static size_t size(int32_t id) { return static_cast<size_t>(id); }
  std::string label(NodeId n) const { return title(g_, g_.node(n)); }
  std::string label_value(ValueId v) const { return "value '" + g_.value(v).name + "'"; }
  Status fail(const std::string& what) const {
    return internal("patch" + (p_.why_.empty() ? "" : " " + p_.why_) + ": " + what);
  }

  // --- what is about to change is kept first --------------------------------------------------
  Node& touch_node(NodeId n) {
    if (n < first_node_) nodes_.try_emplace(n, g_.node(n));
    return g_.nodes_[size(n)];
  }
  Value& touch_value(ValueId v) {
    if (v < first_value_) values_.try_emplace(v, g_.value(v));
    return g_.values_[size(v)];
  }
  Block& touch_block(BlockId b) {
    blocks_.try_emplace(b, g_.block(b));
    return g_.blocks_[size(b)];
  }
  void set_outputs(BlockId b, std::vector<ValueId> outputs) {
    const auto keep = [&](const std::vector<ValueId>& list) {
      for (ValueId v : list) {
        if (v < first_value_) output_uses_.try_emplace(v, g_.output_uses_[size(v)]);
      }
    };
    keep(g_.block(b).outputs);
    keep(outputs);
    touch_block(b);
    g_.set_block_outputs(b, std::move(outputs));
  }
  void index_inputs(NodeId n, int delta) {
    for (ValueId v : g_.node(n).inputs) {
      if (v != none && v < first_value_) users_.try_emplace(v, g_.users_[size(v)]);
    }
    g_.index_inputs(n, delta);
  }
  void set_inputs(NodeId n, std::vector<ValueId> inputs) {
    index_inputs(n, -1);
    touch_node(n).inputs = std::move(inputs);
    index_inputs(n, 1);
    moved_.insert(n);
  }

  // --- the steps ------------------------------------------------------------------------------
  bool is_value(ValueId v) const { return v >= 0 && v < p_.next_value_; }
  bool is_node(NodeId n) const { return n >= 0 && n < first_node_ && g_.node(n).alive; }
  bool is_block(BlockId b) const { return b >= 0 && b < g_.block_count(); }

  Status validate() const {
    if (p_.first_value_ != first_value_) return fail("made for another state of the graph");
    for (const NewNode& n : p_.new_nodes_) {
      if (!n.node.blocks.empty()) return fail("a new node cannot have blocks");
      const bool placed = n.before == none ? is_block(n.node.block) : is_node(n.before);
      if (!placed) return fail("its place is gone");
      for (ValueId v : n.node.inputs) {
        if (v != none && !is_value(v)) return fail("a new node reads what does not exist");
      }
    }
    for (const auto& [old, with] : p_.replacements_) {
      if (old < 0 || old >= first_value_ || !is_value(with) || old == with) {
        return fail("bad replacement of " + std::to_string(old) + " by " + std::to_string(with));
      }
    }
    for (const InputChange& c : p_.input_changes_) {
      if (!is_node(c.node) || c.index > 4096 || (c.with != none && !is_value(c.with))) {
        return fail("bad change of an input");
      }
    }
    for (const AttributeChange& c : p_.attribute_changes_) {
      if (!is_node(c.node)) return fail("sets an attribute of a node that does not exist");
    }
    for (const auto& [v, layout] : p_.layouts_) {
      if (!is_value(v)) return fail("sets the layout of a value that does not exist");
    }
    for (NodeId n : p_.removals_) {
      if (!is_node(n)) return fail("removes a node that does not exist");
    }
    for (BlockId b : p_.inlined_) {
      if (b <= 0 || !is_block(b) || !is_node(g_.block(b).owner)) return fail("inlines no block");
    }
    for (const auto& [b, state] : p_.dropped_) {
      if (b <= 0 || !is_block(b) || !is_node(g_.block(b).owner)) return fail("drops no state");
      const Node& loop = g_.node(g_.block(b).owner);
      const bool there = loop.is("Loop") && state + 2 < loop.inputs.size() &&
                         state < loop.outputs.size() && state + 2 < g_.block(b).inputs.size() &&
                         state + 1 < g_.block(b).outputs.size();
      if (!there) return fail("drops a state that " + label(g_.block(b).owner) + " does not have");
    }
    return {};
  }

  void make_values() {
    g_.values_.resize(size(p_.next_value_));
    g_.users_.resize(size(p_.next_value_));
    g_.output_uses_.resize(size(p_.next_value_));
    for (const auto& [v, stem, tensor] : p_.new_constants_) {
      Value& x = g_.values_[size(v)];
      x.constant = tensor;
      x.fact = Fact::of(tensor.dtype(), SymShape(tensor.dims().begin(), tensor.dims().end()));
    }
  }

  Status insert(BlockId block, NodeId before, const std::vector<NodeId>& nodes) {
    auto& list = touch_block(block).nodes;
    auto at = before == none ? list.end() : std::find(list.begin(), list.end(), before);
    if (before != none && at == list.end()) return fail("its place is gone");
    list.insert(at, nodes.begin(), nodes.end());
    return {};
  }

  Status place(const NewNode& added) {
    const NodeId n = g_.node_count();
    Node node = added.node;
    // An inlined block's nodes stand in the block around it by now.
    if (added.before != none) node.block = g_.node(added.before).block;
    node.outputs = added.outputs;
    node.alive = true;
    if (node.origin.empty()) node.origin.push_back(node.name);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      Value& x = g_.values_[size(node.outputs[i])];
      x.producer = n;
      x.output_index = static_cast<int32_t>(i);
      x.block = node.block;
    }
    const BlockId block = node.block;
    g_.nodes_.push_back(std::move(node));
    index_inputs(n, 1);
    moved_.insert(n);
    return insert(block, added.before, {n});
  }

  Status inline_block(BlockId b) {
    const NodeId owner = g_.block(b).owner;
    const BlockId outer = g_.node(owner).block;
    if (!g_.block(b).inputs.empty()) return fail("inlines a block that has inputs");
    const std::vector<NodeId> nodes = g_.block(b).nodes;
    const std::vector<ValueId> outputs = g_.block(b).outputs;
    const std::vector<ValueId> replaced = g_.node(owner).outputs;
    if (replaced.size() > outputs.size()) return fail(label(owner) + ": block lacks outputs");
    HONE_RETURN_IF_ERROR(insert(outer, owner, nodes));
    for (NodeId n : nodes) {
      touch_node(n).block = outer;
      moved_.insert(n);
      for (ValueId v : g_.node(n).outputs) {
        if (v != none) touch_value(v).block = outer;
      }
    }
    touch_block(b).nodes.clear();
    set_outputs(b, {});
    for (size_t i = 0; i < replaced.size(); ++i) {
      if (replaced[i] == none) continue;
      replace(replaced[i], outputs[i]);
      merges_.emplace_back(replaced[i], outputs[i]);
    }
    removed_.insert(owner);
    return {};
  }

  void change_input(const InputChange& c) {
    std::vector<ValueId> inputs = g_.node(c.node).inputs;
    if (inputs.size() <= c.index) inputs.resize(c.index + 1, none);
    inputs[c.index] = c.with;
    set_inputs(c.node, std::move(inputs));
  }

  void replace(ValueId old, ValueId with) {
    for (NodeId n : g_.users(old)) {
      if (n >= first_node_) continue;
      std::vector<ValueId> inputs = g_.node(n).inputs;
      std::replace(inputs.begin(), inputs.end(), old, with);
      set_inputs(n, std::move(inputs));
    }
    for (BlockId b = 0; g_.is_block_output(old) && b < g_.block_count(); ++b) {
      std::vector<ValueId> outputs = g_.block(b).outputs;
      if (std::find(outputs.begin(), outputs.end(), old) == outputs.end()) continue;
      std::replace(outputs.begin(), outputs.end(), old, with);
      set_outputs(b, std::move(outputs));
      changed_outputs_.insert(b);
    }
  }

  // Values that no list holds any longer are those of a node that is not alive.
  Status bury(const std::vector<ValueId>& values) {
    const NodeId grave = g_.node_count();
    Node node;
    node.alive = false;
    for (ValueId v : values) {
      if (v == none) continue;
      Value& x = touch_value(v);
      x.producer = grave;
      x.output_index = static_cast<int32_t>(node.outputs.size());
      node.outputs.push_back(v);
    }
    const std::vector<ValueId> dead = node.outputs;
    g_.nodes_.push_back(std::move(node));
    return check_unread(dead);
  }

  Status drop_state(BlockId body, size_t state) {
    const auto take = [](std::vector<ValueId>& list, size_t at) {
      const ValueId v = list[at];
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(at));
      return v;
    };
    const NodeId loop = g_.block(body).owner;
    std::vector<ValueId> inputs = g_.node(loop).inputs;
    (void)take(inputs, state + 2);
    set_inputs(loop, std::move(inputs));
    std::vector<ValueId> results = g_.block(body).outputs;
    (void)take(results, state + 1);
    set_outputs(body, std::move(results));
    std::vector<ValueId>& outputs = touch_node(loop).outputs;
    const ValueId last = take(outputs, state);
    const ValueId before = take(touch_block(body).inputs, state + 2);
    for (size_t i = state; i < outputs.size(); ++i) {
      if (outputs[i] != none) touch_value(outputs[i]).output_index = static_cast<int32_t>(i);
    }
    return bury({last, before});
  }

  void change_attribute(const AttributeChange& c) {
    Attributes& attributes = touch_node(c.node).attributes;
    if (c.value) {
      attributes.set(c.name, *c.value);
    } else {
      attributes.erase(c.name);
    }
  }

  // --- removal --------------------------------------------------------------------------------
  void kill(NodeId n, std::vector<ValueId>* dead) {
    index_inputs(n, -1);
    touch_node(n).alive = false;
    moved_.erase(n);
    for (ValueId v : g_.node(n).outputs) {
      if (v != none) dead->push_back(v);
    }
    for (BlockId b : g_.node(n).blocks) {
      set_outputs(b, {});
      changed_outputs_.erase(b);
      for (ValueId v : g_.block(b).inputs) dead->push_back(v);
      const std::vector<NodeId> inner = g_.block(b).nodes;
      touch_block(b).nodes.clear();
      for (NodeId m : inner) kill(m, dead);
    }
  }

  void take_out(BlockId b, const std::vector<NodeId>& gone) {
    auto& list = touch_block(b).nodes;
    // A few are looked up: to ask every node of a large block costs more than all else here.
    constexpr size_t few = 16;
    if (gone.size() > few) {
      std::erase_if(list, [&](NodeId n) { return !g_.node(n).alive; });
      return;
    }
    for (NodeId n : gone) {
      const auto at = std::find(list.begin(), list.end(), n);
      if (at != list.end()) list.erase(at);  // else it is in a block that was emptied
    }
  }

  Status remove_nodes() {
    removed_.insert(p_.removals_.begin(), p_.removals_.end());
    std::unordered_map<BlockId, std::vector<NodeId>> gone;
    std::vector<ValueId> dead;
    for (NodeId n : removed_) {
      if (!g_.node(n).alive) continue;  // inside another one that went
      gone[g_.node(n).block].push_back(n);
      kill(n, &dead);
    }
    for (const auto& [b, nodes] : gone) take_out(b, nodes);
    return check_unread(dead);
  }

  // Their names are free.
  Status check_unread(const std::vector<ValueId>& dead) {
    for (ValueId v : dead) {
      if (!g_.users(v).empty()) {
        return fail("removes what defines " + label_value(v) + ", which " + label(g_.users(v)[0]) +
                    " still reads");
      }
      if (g_.is_block_output(v)) return fail(label_value(v) + " is removed but still an output");
      auto it = g_.by_name_.find(g_.value(v).name);
      if (it == g_.by_name_.end() || it->second != v) continue;
      freed_names_.emplace_back(it->first, v);
      g_.by_name_.erase(it);
    }
    return {};
  }

  // --- names ----------------------------------------------------------------------------------
  void give_name(ValueId v, const std::string& stem) {
    Value& x = g_.values_[size(v)];
    if (!x.name.empty()) return;
    x.name = g_.fresh_name(stem);
    g_.by_name_.emplace(x.name, v);
  }

  void give_names() {
    for (const auto& [old, with] : p_.replacements_) {
      if (with >= first_value_ && !g_.is_live(old)) give_name(with, g_.value(old).name);
    }
    for (const auto& [v, stem, tensor] : p_.new_constants_) give_name(v, stem);
    for (const NewNode& n : p_.new_nodes_) {
      const std::string& stem = n.node.name.empty() ? n.node.op : n.node.name;
      for (ValueId v : n.outputs) give_name(v, stem);
    }
  }

  // --- order and visibility, of what changed only -----------------------------------------------
  int32_t position(NodeId n) {
    const BlockId b = g_.node(n).block;
    auto [it, fresh] = positions_.try_emplace(b);
    if (fresh) {
      it->second.assign(size(g_.node_count()), -1);
      const auto& list = g_.block(b).nodes;
      for (size_t i = 0; i < list.size(); ++i) it->second[size(list[i])] = static_cast<int32_t>(i);
    }
    return it->second[size(n)];
  }

  // Whether v is defined for a reader in `block` that stands at node `reader` (none: at the end).
  bool is_defined(ValueId v, BlockId block, NodeId reader) {
    const Value& x = g_.value(v);
    if (x.is_constant()) return true;
    if (!g_.is_live(v) || !g_.is_inside(block, x.block)) return false;
    while (block != x.block) {
      reader = g_.block(block).owner;
      block = g_.node(reader).block;
    }
    if (x.producer == none || reader == none) return true;
    return position(x.producer) < position(reader);
  }

  Status check_order() {
    for (NodeId n : moved_) {
      for (ValueId v : g_.node(n).inputs) {
        if (v != none && !is_defined(v, g_.node(n).block, n)) {
          return fail(label(n) + " would read " + label_value(v) + " where it is not defined");
        }
      }
    }
    for (BlockId b : changed_outputs_) {
      for (ValueId v : g_.block(b).outputs) {
        if (!is_defined(v, b, none)) return fail(label_value(v) + " is no output of its block");
      }
    }
    return {};
  }

  // --- facts ----------------------------------------------------------------------------------
  Fact known(ValueId v) const {
    const Value& x = g_.value(v);
    Fact f = x.fact;
    const bool integer = is_integer(f.dtype) || f.dtype == DType::boolean;
    if (x.is_constant() && integer && x.constant.rank() <= 1 &&
        x.constant.count() <= static_cast<int64_t>(max_content)) {
      f.content.emplace();
      for (int64_t e : to_ints(x.constant)) f.content->push_back(e);
    }
    return f;
  }

  Status infer_and_merge(const std::function<Status(Graph&, NodeId)>& infer) {
    for (NodeId n = first_node_; n < g_.node_count(); ++n) {
      if (!g_.node(n).alive) continue;
      const Status s = infer(g_, n);
      if (!s.ok()) return in("patch" + (p_.why_.empty() ? "" : " " + p_.why_), s);
    }
    merges_.insert(merges_.end(), p_.replacements_.begin(), p_.replacements_.end());
    for (const auto& [old, with] : merges_) {
      const Fact before = known(old), after = known(with);
      if (!compatible(before, after)) {
        return fail(label_value(old) + " was " + to_string(before) + " and would be " +
                    to_string(after));
      }
      // What the model declares of its inputs stays as it is.
      const Value& x = g_.value(with);
      const bool declared = x.is_constant() || (x.producer == none && x.block == 0);
      if (!declared) touch_value(with).fact = merge(before, after);
    }
    return {};
  }

  const Patch& p_;
  Graph& g_;
  const ValueId first_value_;
  const NodeId first_node_;
  std::unordered_map<NodeId, Node> nodes_;
  std::unordered_map<ValueId, Value> values_;
  std::unordered_map<ValueId, std::vector<NodeId>> users_;
  std::unordered_map<ValueId, int32_t> output_uses_;
  std::unordered_map<BlockId, Block> blocks_;
  std::vector<std::pair<std::string, ValueId>> freed_names_;
  std::set<NodeId> moved_, removed_;
  std::set<BlockId> changed_outputs_;
  std::vector<std::pair<ValueId, ValueId>> merges_;
  std::unordered_map<BlockId, std::vector<int32_t>> positions_;  // of every node; -1: elsewhere
};

Status Patch::apply(Graph& graph, const std::function<Status(Graph&, NodeId)>& infer) const {
  Transaction transaction(*this, graph);
  Status s = transaction.run(infer);
  if (!s.ok()) transaction.roll_back();
  return s;
}

}  // namespace hone::graph
