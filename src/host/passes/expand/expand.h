// Expansions: operators that are defined by others, as a subgraph of operators that have kernels.
// An expansion is one function in expand/*.cc and one line in expansions.inc; the pass
// expand_functions applies them, so that every other pass sees what a node is made of.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/passes/match.h"

namespace hone::passes {

using graph::Dim;
using graph::SymShape;

// Builds the patch that takes the place of one node. Operators are those of the newest opset.
class Expansion {
 public:
  using Attributes = std::vector<std::pair<const char*, graph::Attr>>;

  Expansion(const Graph& graph, NodeId id);

  const Graph& graph() const { return graph_; }
  const Node& node() const { return node_; }
  const graph::Attributes& attributes() const { return node_.attributes; }
  ValueId in(size_t i) const { return node_.input(i); }
  bool has(size_t i) const { return in(i) != graph::none; }
  bool wants(size_t output) const { return node_.output(output) != graph::none; }
  const graph::Fact& fact(size_t i) const { return graph_.fact(in(i)); }
  DType type() const { return fact(0).dtype; }
  bool ranked(size_t i) const { return has(i) && fact(i).has_rank(); }
  int rank(size_t i) const { return fact(i).rank(); }
  const SymShape& shape(size_t i) const { return *fact(i).shape; }
  // The integers of a constant input, or of shapes that are known.
  std::optional<std::vector<int64_t>> known_ints(size_t i) const;

  ValueId add(const char* op, std::vector<ValueId> inputs, const Attributes& attributes = {});
  std::vector<ValueId> add_multi(const char* op, std::vector<ValueId> inputs, size_t outputs,
                                 const Attributes& attributes = {});
  // A node of another domain or an older version.
  ValueId add(Node made);
  std::vector<ValueId> add_multi(Node made, size_t outputs);
  ValueId constant(Tensor t, const char* stem = "constant");
  ValueId number(double v) { return number(v, type()); }
  ValueId number(double v, DType t);
  ValueId ints(std::vector<int64_t> v);

  ValueId reshape(ValueId x, std::vector<int64_t> dims);  // of Reshape: 0 and -1 are theirs
  ValueId transpose(ValueId x, std::vector<int64_t> perm);
  ValueId slice(ValueId x, int64_t axis, int64_t begin, int64_t end);
  // The size of one axis of input `i` as i64 [1].
  ValueId size(size_t i, int64_t axis);

  // Readers of the node's output read `v`.
  void give(size_t output, ValueId v);
  Patch take();

 private:
  const Graph& graph_;
  const Node& node_;
  NodeId id_;
  Patch patch_;
};

// Errors: unsupported, with the reason in words where this node can't be expanded.
using ExpandFn = Status (*)(Expansion&);

struct ExpansionEntry {
  const char* domain;
  const char* op;
  ExpandFn expand;
};
std::span<const ExpansionEntry> expansions();
// nullptr where the operator has none.
ExpandFn find_expansion(const Node& node);

#define HONE_EXPANSION(domain, op, fn) Status expand_##fn(Expansion& e);
#include "host/passes/expand/expansions.inc"
#undef HONE_EXPANSION

}  // namespace hone::passes
