// OpDef: everything Hone knows about one operator, as a value. Importer, verifier, shape inference,
// constant folder, reference executor, parity and docs all read it; none has a switch of its own.
//
// An operator is one file ops/<op>.cc that defines `const OpDef <op>_defs[]` (one entry per version
// whose signature or semantics differ) and one line in ops.inc.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "host/graph/graph.h"

namespace hone::ops {

using graph::BlockId;
using graph::Dim;
using graph::Fact;
using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::SymShape;
using graph::ValueId;

enum class AttrType : uint8_t { i, f, s, tensor, ints, floats, strings, tensors, graph, type };

struct AttrSpec {
  const char* name;
  AttrType type;
  bool required = false;
};

// ---- inference

// What a node's inference sees and sets. Inputs that are absent have dtype none.
class InferContext {
 public:
  InferContext(Graph& graph, NodeId node) : graph_(graph), node_(graph.node(node)), id_(node) {}

  const Node& node() const { return node_; }
  size_t inputs() const { return node_.inputs.size(); }
  size_t outputs() const { return node_.outputs.size(); }
  bool has_input(size_t i) const { return node_.input(i) != graph::none; }
  bool has_output(size_t i) const { return node_.output(i) != graph::none; }
  const Fact& in(size_t i) const;  // an empty Fact where absent
  bool has_rank(size_t i) const { return in(i).has_rank(); }
  const SymShape& shape(size_t i) const { return *in(i).shape; }
  const Tensor* constant(size_t i) const;  // nullptr where absent or not constant
  // Elements of an integer input as expressions: from its constant or its content; nullopt where
  // they are not known.
  std::optional<std::vector<Dim>> content(size_t i) const;
  // Likewise, only where all are constants.
  std::optional<std::vector<int64_t>> ints(size_t i) const;
  // Elements of an integer input that decide sizes (the shape of Reshape, the ends of Slice): as
  // content(); where only data tell, symbols `data_symbol` of that value, which may be any integer.
  std::optional<std::vector<Dim>> sizes(size_t i) const;

  void set(size_t output, Fact fact);
  void set(size_t output, DType dtype, SymShape shape);
  void set_unranked(size_t output, DType dtype);
  void set_content(size_t output, std::vector<Dim> content);  // dropped where over max_content
  // A size that only the data tell, named after the output.
  Dim unknown(size_t output, int axis) const;

  Graph& graph() const { return graph_; }
  NodeId id() const { return id_; }

 private:
  Graph& graph_;
  const Node& node_;
  NodeId id_;
};

// ---- reference

// One evaluation: plain loops straight from the ONNX text, double accumulation. Slow on purpose.
class RefContext {
 public:
  RefContext(const Graph& graph, const Node& node, std::span<const Tensor> in)
      : graph_(graph), node_(node), in_(in), out_(node.outputs.size()) {}

  const Graph& graph() const { return graph_; }
  const Node& node() const { return node_; }
  size_t inputs() const { return in_.size(); }
  // An optional without a value is no input.
  bool has_input(size_t i) const {
    return i < in_.size() && static_cast<bool>(in_[i]) && !in_[i].is_empty_optional();
  }
  const Tensor& in(size_t i) const { return in_[i]; }
  bool has_output(size_t i) const { return node_.output(i) != graph::none; }
  void set(size_t i, Tensor t) { out_[i] = std::move(t); }
  Tensor& out(size_t i) { return out_[i]; }
  std::vector<Tensor> take_outputs() { return std::move(out_); }

  // Runs a block of this node with these inputs; set by the executor.
  std::function<Result<std::vector<Tensor>>(BlockId, std::vector<Tensor>)> run_block;

 private:
  const Graph& graph_;
  const Node& node_;
  std::span<const Tensor> in_;
  std::vector<Tensor> out_;
};

struct Cost {
  double flops = 0;  // multiply-add = 2
  double bytes = 0;  // read and written, each operand once
};

struct OpDef {
  const char* domain;  // "" = ai.onnx
  const char* name;
  int since;                   // first opset version this entry describes
  int min_inputs, max_inputs;  // max -1: any number
  int min_outputs, max_outputs;
  std::span<const AttrSpec> attrs;
  // Sets a Fact for every present output. Errors (shape_mismatch, invalid_argument): the model is
  // wrong whatever the data. Must cope with unknown ranks and symbolic dimensions.
  Status (*infer)(InferContext&);
  // Errors: shape_mismatch, invalid_argument (indices out of range, ...), unsupported (a dtype).
  Status (*reference)(RefContext&);
  // FLOPs of one run on these facts (dynamic dimensions already given sizes); nullptr: one per
  // output element. Bytes are computed for all operators alike.
  double (*flops)(const Graph&, const Node&);
  // What an f32 implementation may differ by, relative to the largest |value| per channel.
  double tolerance = 1e-5;
  bool deterministic = true;  // false: RandomNormal, Bernoulli, ...
  bool sequences = false;     // the reference may be given sequences, maps, empty optionals
};

// The entry for `op` at `version` (the largest since <= version); nullptr where there is none.
const OpDef* find_op(std::string_view domain, std::string_view op, int64_t version);
const OpDef* find_op(const Node& node);
// All entries of Hone's own, by domain, name, since; plugins' are in plugin.h.
std::vector<const OpDef*> all_ops();
// Versions of "" accepted, as [min, max]; Hone's own domain is version 1.
constexpr int min_opset = 7, max_opset = 28;

// Infers one node (and its blocks, whose errors poison them); a whole graph in order.
Status infer_node(Graph& graph, NodeId node);
Status infer_graph(Graph& graph);
// The nodes of one block, in order.
Status infer_block(Graph& graph, BlockId block);
// Gives the named graph inputs these concrete shapes and infers anew. Errors: not_found,
// shape_mismatch ("input 'x': rank 4 expected, 3 given").
Status bind_input_shapes(Graph& graph, const std::map<std::string, Dims>& shapes);
// Likewise these dimensions of its inputs.
Status bind_symbols(Graph& graph, const graph::SymbolValues& values);

Cost cost(const Graph& graph, const Node& node);

// The symbol that stands for element `k` of an integer value whose data decide sizes.
std::string data_symbol(const Graph& graph, ValueId v, size_t k);

}  // namespace hone::ops
