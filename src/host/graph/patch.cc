#include "host/graph/patch.h"

#include <algorithm>
#include <cassert>
#include <set>

namespace hone::graph {

Patch::Patch(const Graph& graph, NodeId anchor)
    : graph_(&graph),
      anchor_(anchor),
      block_(graph.node(anchor).block),
      first_value_(graph.value_count()),
      next_value_(first_value_) {}

void Patch::insert_before(NodeId anchor) {
  anchor_ = anchor;
  block_ = graph_->node(anchor).block;
}
void Patch::insert_at_end(BlockId block) {
  anchor_ = none;
  block_ = block;
}

std::vector<ValueId> Patch::add_multi(Node node, size_t outputs,
                                      const std::vector<NodeId>& origins) {
  node.block = block_;
  if (node.version == 0) node.version = node.domain == hone_domain ? 1 : graph_->opset(node.domain);
  for (NodeId n : origins) {
    const Node& stands_for = graph_->node(n);
    if (node.name.empty()) node.name = stands_for.name;
    for (const std::string& name : stands_for.origin) {
      auto known = std::find(node.origin.begin(), node.origin.end(), name);
      if (known == node.origin.end()) node.origin.push_back(name);
    }
  }
  std::vector<ValueId> values;
  for (size_t i = 0; i < outputs; ++i) values.push_back(next_value_++);
  new_nodes_.push_back({std::move(node), values, anchor_});
  return values;
}

ValueId Patch::add(Node node, const std::vector<NodeId>& origins) {
  return add_multi(std::move(node), 1, origins)[0];
}

ValueId Patch::constant(Tensor tensor, const std::string& stem) {
  assert(tensor);
  new_constants_.emplace_back(next_value_, stem, std::move(tensor));
  return next_value_++;
}

void Patch::replace(ValueId old, ValueId with) { replacements_.emplace_back(old, with); }
void Patch::set_input(NodeId node, size_t index, ValueId with) {
  input_changes_.push_back({node, index, with});
}
void Patch::remove(NodeId node) { removals_.push_back(node); }
void Patch::inline_block(BlockId block) { inlined_.push_back(block); }
void Patch::drop_state(BlockId body, size_t state) { dropped_.emplace_back(body, state); }
void Patch::set_layout(ValueId value, Layout layout) { layouts_.emplace_back(value, layout); }
void Patch::set_attribute(NodeId node, const std::string& name, std::optional<Attr> value) {
  attribute_changes_.push_back({node, name, std::move(value)});
}

bool Patch::empty() const {
  return new_nodes_.empty() && new_constants_.empty() && replacements_.empty() &&
         input_changes_.empty() && removals_.empty() && inlined_.empty() && dropped_.empty() &&
         layouts_.empty() && attribute_changes_.empty();
}

std::vector<NodeId> Patch::edited() const {
  std::vector<NodeId> nodes;
  for (const AttributeChange& c : attribute_changes_) nodes.push_back(c.node);
  for (const auto& [body, state] : dropped_) nodes.push_back(graph_->block(body).owner);
  return nodes;
}

int64_t Patch::growth_bytes() const {
  int64_t bytes = 0;
  for (const auto& [v, stem, tensor] : new_constants_) bytes += tensor.bytes();
  if (bytes == 0) return 0;
  std::set<ValueId> read;
  for (NodeId n : removals_) {
    for (ValueId v : graph_->node(n).inputs) {
      if (graph_->constant(v) != nullptr && read.insert(v).second) {
        bytes -= graph_->value(v).constant.bytes();
      }
    }
  }
  return bytes;
}

}  // namespace hone::graph
