// Patch: a proposed change to a graph, built without touching it. The passes' driver infers the new
// values' facts, checks them against those they replace, applies the whole or nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/graph/graph.h"

namespace hone::graph {

class Patch {
 public:
  // `anchor`: new nodes are put immediately before this node, in its block.
  Patch(const Graph& graph, NodeId anchor);
  // Nodes added from here on are put before that node, or at the end of that block.
  void insert_before(NodeId anchor);
  void insert_at_end(BlockId block);

  // New nodes and constants. The ids are valid in this patch and, after apply, in the graph.
  // domain "" gets the graph's opset as version unless node.version is set. The node's origin is
  // the union of `origins`' (the nodes it stands for); its name defaults to the first origin's.
  // Its block is the anchor's; it cannot have blocks of its own.
  ValueId add(Node node, const std::vector<NodeId>& origins);
  std::vector<ValueId> add_multi(Node node, size_t outputs, const std::vector<NodeId>& origins);
  ValueId constant(Tensor tensor, const std::string& stem);

  // Every reader of `old` (nodes, block outputs) reads `with` instead; the nodes of this patch keep
  // what they were given, so that one can stand between `old` and its readers. Facts must be
  // compatible. Where `old` is removed too, a new `with` takes over its name.
  void replace(ValueId old, ValueId with);
  // Changes one input of one node only; none: makes it absent. The index may be behind the last.
  void set_input(NodeId node, size_t index, ValueId with);
  // Removes a node none of whose outputs is read once the replacements are made.
  void remove(NodeId node);
  // Puts the nodes of `block` before the anchor (its owner), for If with a known condition; block
  // inputs must be empty. The owner's outputs are replaced by the block's; the owner is removed.
  void inline_block(BlockId block);
  // Takes state `state` from the Loop that owns `body`: an input and an output of the node and of
  // the block. Nobody may read what they bring once the replacements are made.
  void drop_state(BlockId body, size_t state);
  void set_layout(ValueId value, Layout layout);
  void set_attribute(NodeId node, const std::string& name, std::optional<Attr> value);

  bool empty() const;
  // Bytes of the constants it adds less those that the nodes it removes read.
  int64_t growth_bytes() const;
  const std::string& why() const { return why_; }  // one line, for logs: "Conv 'c1' + Relu 'r1'"
  void set_why(std::string why) { why_ = std::move(why); }

  // Applies to the graph the patch was made for, unchanged since. `infer(graph, node)` is called
  // for every new node, in order, after it is in place, and sets its outputs' facts. On error
  // (inference fails, facts contradict, a removed node is still read) the graph is as before.
  Status apply(Graph& graph, const std::function<Status(Graph&, NodeId)>& infer) const;

  // The fact of a value that this patch adds is unknown before apply; of others, the graph's.
  const std::vector<std::pair<ValueId, ValueId>>& replacements() const { return replacements_; }
  // Nodes of the graph whose attributes or blocks it changes.
  std::vector<NodeId> edited() const;

 private:
  class Transaction;
  struct NewNode {
    Node node;
    std::vector<ValueId> outputs;
    NodeId before;  // none: at the end of the block
  };
  struct InputChange {
    NodeId node;
    size_t index;
    ValueId with;
  };
  struct AttributeChange {
    NodeId node;
    std::string name;
    std::optional<Attr> value;
  };

  const Graph* graph_;
  NodeId anchor_;
  BlockId block_;
  ValueId first_value_, next_value_;
  std::string why_;
  std::vector<NewNode> new_nodes_;
  std::vector<std::tuple<ValueId, std::string, Tensor>> new_constants_;
  std::vector<std::pair<ValueId, ValueId>> replacements_;
  std::vector<InputChange> input_changes_;
  std::vector<NodeId> removals_;
  std::vector<BlockId> inlined_;
  std::vector<std::pair<BlockId, size_t>> dropped_;
  std::vector<std::pair<ValueId, Layout>> layouts_;
  std::vector<AttributeChange> attribute_changes_;
};

}  // namespace hone::graph
