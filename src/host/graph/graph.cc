#include "host/graph/graph.h"

#include <algorithm>
#include <cassert>

namespace hone::graph {

// --- reading -----------------------------------------------------------------------------------

int64_t Graph::opset(const std::string& domain) const {
  auto it = opsets.find(domain);
  return it == opsets.end() ? 0 : it->second;
}

int32_t Graph::live_nodes() const {
  return static_cast<int32_t>(
      std::count_if(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.alive; }));
}

static void collect_nodes(const Graph& graph, BlockId block, std::vector<NodeId>* out) {
  for (NodeId n : graph.block(block).nodes) {
    out->push_back(n);
    for (BlockId inner : graph.node(n).blocks) collect_nodes(graph, inner, out);
  }
}
std::vector<NodeId> Graph::all_nodes() const {
  std::vector<NodeId> out;
  out.reserve(nodes_.size());
  collect_nodes(*this, 0, &out);
  return out;
}

ValueId Graph::find_value(std::string_view value_name) const {
  auto it = by_name_.find(value_name);
  return it == by_name_.end() ? none : it->second;
}
const Tensor* Graph::constant(ValueId v) const {
  if (v == none || !value(v).is_constant()) return nullptr;
  return &value(v).constant;
}
const Node* Graph::producer_of(ValueId v) const {
  if (v == none || value(v).producer == none) return nullptr;
  return &node(value(v).producer);
}
std::vector<NodeId> Graph::users(ValueId v) const { return users_.at(static_cast<size_t>(v)); }
bool Graph::is_block_output(ValueId v) const {
  return output_uses_.at(static_cast<size_t>(v)) > 0;
}
bool Graph::single_use(ValueId v) const {
  const auto& readers = users_.at(static_cast<size_t>(v));
  if (readers.size() != 1 || is_block_output(v)) return false;
  const auto& inputs = node(readers[0]).inputs;
  return std::count(inputs.begin(), inputs.end(), v) == 1;
}
bool Graph::is_graph_input(ValueId v) const {
  return std::find(blocks_[0].inputs.begin(), blocks_[0].inputs.end(), v) !=
         blocks_[0].inputs.end();
}

bool Graph::is_live(ValueId v) const {
  const Value& x = value(v);
  if (x.is_constant()) return true;
  if (x.producer != none) return node(x.producer).alive;
  for (BlockId b = x.block; b != 0;) {
    const NodeId owner = block(b).owner;
    if (owner == none || !node(owner).alive) return false;
    b = node(owner).block;
  }
  return true;
}

std::vector<ValueId> Graph::used_constants() const {
  std::vector<ValueId> out;
  for (ValueId v = 0; v < value_count(); ++v) {
    if (!value(v).is_constant()) continue;
    if (!users_[static_cast<size_t>(v)].empty() || is_block_output(v)) out.push_back(v);
  }
  return out;
}

bool Graph::is_inside(BlockId inner, BlockId outer) const {
  while (inner != outer) {
    const NodeId owner = block(inner).owner;
    if (owner == none) return false;
    inner = node(owner).block;
  }
  return true;
}

// --- building ----------------------------------------------------------------------------------

ValueId Graph::add_value(std::string value_name, Fact fact, BlockId block) {
  const ValueId v = value_count();
  Value x;
  x.fact = std::move(fact);
  x.block = block;
  x.name = std::move(value_name);
  assert(!by_name_.contains(x.name));
  by_name_.emplace(x.name, v);
  values_.push_back(std::move(x));
  users_.emplace_back();
  output_uses_.push_back(0);
  return v;
}

ValueId Graph::add_input(std::string value_name, Fact fact, BlockId block) {
  const ValueId v = add_value(std::move(value_name), std::move(fact), block);
  blocks_.at(static_cast<size_t>(block)).inputs.push_back(v);
  return v;
}

ValueId Graph::add_constant(std::string value_name, Tensor tensor) {
  SymShape shape(tensor.dims().begin(), tensor.dims().end());
  const ValueId v = add_value(std::move(value_name), Fact::of(tensor.dtype(), std::move(shape)), 0);
  values_.back().constant = std::move(tensor);
  return v;
}

NodeId Graph::add_node(Node node, const std::vector<std::string>& output_names) {
  const NodeId n = node_count();
  node.outputs.clear();
  for (size_t i = 0; i < output_names.size(); ++i) {
    if (output_names[i].empty()) {
      node.outputs.push_back(none);
      continue;
    }
    node.outputs.push_back(add_value(output_names[i], {}, node.block));
    values_.back().producer = n;
    values_.back().output_index = static_cast<int32_t>(i);
  }
  if (node.origin.empty()) node.origin.push_back(node.name);
  node.alive = true;
  blocks_.at(static_cast<size_t>(node.block)).nodes.push_back(n);
  nodes_.push_back(std::move(node));
  index_inputs(n, 1);
  return n;
}

BlockId Graph::add_block(NodeId owner, std::string block_name) {
  const BlockId b = block_count();
  Block block;
  block.owner = owner;
  block.name = std::move(block_name);
  blocks_.push_back(std::move(block));
  nodes_.at(static_cast<size_t>(owner)).blocks.push_back(b);
  return b;
}

void Graph::set_block_outputs(BlockId block, std::vector<ValueId> outputs) {
  Block& b = blocks_.at(static_cast<size_t>(block));
  for (ValueId v : b.outputs) --output_uses_.at(static_cast<size_t>(v));
  for (ValueId v : outputs) ++output_uses_.at(static_cast<size_t>(v));
  b.outputs = std::move(outputs);
}

void Graph::poison(BlockId block, std::string why) {
  blocks_.at(static_cast<size_t>(block)).poisoned = std::move(why);
}

std::string Graph::fresh_name(const std::string& stem) const {
  if (!stem.empty() && !by_name_.contains(stem)) return stem;
  const auto numbered = [&](uint64_t n) { return stem + "_" + std::to_string(n); };
  const auto taken = [&](uint64_t n) { return by_name_.contains(numbered(n)); };
  // The numbers are mostly taken from 1 up: the first free one is found in log steps, so that a
  // thousand values of one stem cost no million look-ups.
  uint64_t last_taken = 0, free = 1;
  while (taken(free)) {
    last_taken = free;
    free *= 2;
  }
  while (free - last_taken > 1) {
    const uint64_t middle = last_taken + (free - last_taken) / 2;
    (taken(middle) ? last_taken : free) = middle;
  }
  return numbered(free);
}

void Graph::substitute(const SymbolValues& symbols) {
  for (Value& v : values_) {
    if (v.fact.shape) {
      for (Dim& d : *v.fact.shape) d = d.substitute(symbols);
    }
    if (v.fact.content) {
      for (Dim& d : *v.fact.content) d = d.substitute(symbols);
    }
  }
}

void Graph::index_use(ValueId v, NodeId user, int delta) {
  auto& list = users_.at(static_cast<size_t>(v));
  if (delta > 0) {
    list.push_back(user);
  } else {
    auto it = std::find(list.begin(), list.end(), user);
    assert(it != list.end());
    list.erase(it);
  }
}

void Graph::index_inputs(NodeId user, int delta) {
  std::vector<ValueId> inputs = node(user).inputs;
  std::sort(inputs.begin(), inputs.end());
  inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
  for (ValueId v : inputs) {
    if (v != none) index_use(v, user, delta);
  }
}

}  // namespace hone::graph
