// Graph: the IR. Values and nodes of the whole model, nested blocks included, live in two tables;
// a block is an ordered list of nodes (topological), and a subgraph (If's branches, Loop's body) is
// a block of its node. A node in an inner block may read any value of the blocks around it.
//
// Semantics are ONNX's at each node's own version. Hone's own operators are in domain "ai.hone".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "host/graph/attributes.h"
#include "host/graph/fact.h"
#include "host/model/tensor.h"

namespace hone::graph {

using ValueId = int32_t;
using NodeId = int32_t;
using BlockId = int32_t;
constexpr int32_t none = -1;
constexpr const char* hone_domain = "ai.hone";

struct Value {
  std::string name;              // unique in the graph
  Fact fact;
  Tensor constant;               // set: a constant (initializer); has no producer
  Layout layout = Layout::row_major;
  NodeId producer = none;        // none: graph or block input, or constant
  int32_t output_index = 0;      // of the producer
  BlockId block = 0;             // where it is defined; constants: 0
  bool is_constant() const { return static_cast<bool>(constant); }
};

struct Block {
  std::vector<ValueId> inputs;   // of the root: graph inputs in order
  std::vector<ValueId> outputs;
  std::vector<NodeId> nodes;     // topological order
  NodeId owner = none;           // the node it belongs to; none: root
  std::string name;              // attribute it came from: "then_branch", ...
  // Set where inference proved that no valid input runs this block (shapes cannot fit): why.
  std::string poisoned;
};

struct Node {
  std::string domain, op, name;
  int64_t version = 0;           // opset version of the domain whose semantics hold
  std::vector<ValueId> inputs;   // none = absent
  std::vector<ValueId> outputs;  // none = absent
  Attributes attributes;
  std::vector<BlockId> blocks;
  BlockId block = 0;             // the block it stands in
  std::vector<std::string> origin;  // names of the ONNX nodes it computes; at least its own
  bool alive = true;             // false: removed; ids are never reused

  bool is(std::string_view op_name, std::string_view domain_name = "") const {
    return op == op_name && domain == domain_name;
  }
  ValueId input(size_t i) const { return i < inputs.size() ? inputs[i] : none; }
  ValueId output(size_t i) const { return i < outputs.size() ? outputs[i] : none; }
};

class Graph {
 public:
  Graph() : blocks_(1) {}

  // --- identity ---------------------------------------------------------------------------------
  std::string name;
  std::map<std::string, int64_t> opsets;     // as the model declares them
  std::map<std::string, std::string> metadata;
  std::string producer;
  uint64_t model_hash = 0;
  std::vector<std::string> output_names;     // of the root block's outputs: survive every pass

  // --- reading ----------------------------------------------------------------------------------
  int64_t opset(const std::string& domain = "") const;   // 0: not imported
  const Value& value(ValueId v) const { return values_.at(static_cast<size_t>(v)); }
  const Node& node(NodeId n) const { return nodes_.at(static_cast<size_t>(n)); }
  const Block& block(BlockId b = 0) const { return blocks_.at(static_cast<size_t>(b)); }
  const Fact& fact(ValueId v) const { return value(v).fact; }
  int32_t value_count() const { return static_cast<int32_t>(values_.size()); }
  int32_t node_count() const { return static_cast<int32_t>(nodes_.size()); }  // dead ones too
  int32_t block_count() const { return static_cast<int32_t>(blocks_.size()); }
  int32_t live_nodes() const;                             // in all blocks
  // Every live node, outer before inner, in execution order.
  std::vector<NodeId> all_nodes() const;
  ValueId find_value(std::string_view name) const;        // none where there is none
  const Tensor* constant(ValueId v) const;                // nullptr: absent or not constant
  const Node* producer_of(ValueId v) const;               // nullptr: none
  // Nodes that read v (once each), and whether any block's output is v.
  std::vector<NodeId> users(ValueId v) const;
  bool is_block_output(ValueId v) const;
  // Read exactly once in all, and by a node: Mul(x, x) reads x twice.
  bool single_use(ValueId v) const;
  bool is_graph_input(ValueId v) const;
  // Whether v can still be read: false for what removed nodes and their blocks defined.
  bool is_live(ValueId v) const;
  // Constants that something reads, in order of id: the ones that are printed and exported.
  std::vector<ValueId> used_constants() const;
  // `inner` is `outer` or lies inside a node of it.
  bool is_inside(BlockId inner, BlockId outer) const;

  // --- building (importer, Patch, tests) --------------------------------------------------------
  ValueId add_input(std::string name, Fact fact, BlockId block = 0);
  ValueId add_constant(std::string name, Tensor tensor);  // the fact comes from the tensor
  // Appends to node.block, making its output values: names from `output_names` ("" = absent).
  NodeId add_node(Node node, const std::vector<std::string>& output_names);
  BlockId add_block(NodeId owner, std::string name);
  void set_block_outputs(BlockId block, std::vector<ValueId> outputs);
  void set_fact(ValueId v, Fact fact) { values_.at(static_cast<size_t>(v)).fact = std::move(fact); }
  void set_layout(ValueId v, Layout layout) { values_.at(static_cast<size_t>(v)).layout = layout; }
  void poison(BlockId block, std::string why);
  std::string fresh_name(const std::string& stem) const;  // stem, or stem_1, stem_2, ...
  // Replaces symbols in all facts (shapes and contents).
  void substitute(const SymbolValues& values);

 private:
  friend class Patch;
  ValueId add_value(std::string value_name, Fact fact, BlockId block);
  // Enters or removes the node in the use lists of its inputs, once per value.
  void index_use(ValueId v, NodeId user, int delta);
  void index_inputs(NodeId user, int delta);

  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<Block> blocks_;
  std::map<std::string, ValueId, std::less<>> by_name_;
  std::vector<std::vector<NodeId>> users_;                // of a value; one entry per reading node
  std::vector<int32_t> output_uses_;                      // block outputs that are this value
};

// Structure: ids in range, one producer each, topological order, visibility of outer values, unique
// names, live nodes only, outputs present. Facts: every live value has a dtype unless a sequence.
// Error: internal, names the node or value. A graph that was never inferred is judged by its
// structure only.
Status verify(const Graph& graph);
Status verify_structure(const Graph& graph);

}  // namespace hone::graph
