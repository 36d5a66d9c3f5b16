#include "host/engine/widen_halves.h"

#include <algorithm>
#include <map>
#include <set>

#include "host/engine/retype.h"
#include "host/ops/op_def.h"

namespace hone::engine {

namespace {

using graph::Fact;
using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Patch;
using graph::ValueId;

constexpr int64_t f32_type = static_cast<int64_t>(DType::f32);

bool is_half(DType t) { return t == DType::f16 || t == DType::bf16; }

// Whose results are elements of their operands: nothing to round.
bool only_moves(const Node& n) {
  static const std::set<std::string> ops = {
      "Abs",          "Clip",     "Compress",       "Concat",
      "DepthToSpace", "Dropout",  "Expand",         "Flatten",
      "Gather",       "GatherND", "GatherElements", "GlobalMaxPool",
      "Identity",     "Max",      "MaxPool",        "Min",
      "Neg",          "Pad",      "ReduceMax",      "ReduceMin",
      "Relu",         "Reshape",  "Slice",          "SpaceToDepth",
      "Split",        "Squeeze",  "Tile",           "TopK",
      "Transpose",    "Trilu",    "Unsqueeze",      "Where"};
  return ops.contains(n.op);
}

// Sums that ONNX rounds term by term in the type: see Rounding::each_node.
bool rounds_within(const Node& n) {
  return n.is("Softmax") || n.is("LogSoftmax") || n.is("Attention");
}

// Types that attributes name: what a node makes, and what it computes in.
void widen_attributes(graph::Attributes* a) {
  for (const char* name : {"to", "dtype", "output_dtype", "stash_type"}) {
    if (a->has(name) && is_half(static_cast<DType>(a->i(name, 0)))) a->set(name, f32_type);
  }
  if (const Tensor t = a->tensor("value"); t && is_half(t.dtype()))
    a->set("value", with_type(t, DType::f32));
}

// What the old fact knows of the shape beyond the new one: sizes that the model declared.
Fact with_declared(Fact fact, const Fact& old) {
  if (!old.has_rank()) return fact;
  if (!fact.has_rank()) fact.shape = old.shape;
  for (size_t d = 0; d < fact.shape->size() && d < old.shape->size(); ++d) {
    if ((*old.shape)[d].is_const()) (*fact.shape)[d] = (*old.shape)[d];
  }
  return fact;
}

class Widener {
 public:
  Widener(const Graph& g, Rounding bf16) : g_(g), patch_(g, g.block().nodes.front()), bf16_(bf16) {}

  Status apply(Graph* graph) {
    find_readers_of_narrow();
    widen_block(0);
    if (patch_.empty()) return {};
    return patch_.apply(*graph, [&](Graph& g, NodeId n) {
      HONE_RETURN_IF_ERROR(ops::infer_node(g, n));
      for (ValueId v : g.node(n).outputs) {
        if (const auto at = old_.find(v); at != old_.end()) {
          g.set_fact(v, with_declared(g.fact(v), at->second));
        }
      }
      return Status();
    });
  }

 private:
  using Wide = std::map<ValueId, ValueId>;

  bool half(ValueId v) const { return v != graph::none && is_half(g_.fact(v).dtype); }

  // What looks at bits, what has blocks of its own, whose values have types too, and what f32 would
  // be another result for.
  bool keeps_types(const Node& n) const {
    if (n.is("BitCast") || !n.blocks.empty()) return true;
    return bf16_ == Rounding::each_node && rounds_within(n) &&
           g_.fact(n.input(0)).dtype == DType::bf16;
  }

  void find_readers_of_narrow() {
    for (NodeId id : g_.all_nodes()) {
      const Node& n = g_.node(id);
      if (keeps_types(n)) narrow_.insert(n.inputs.begin(), n.inputs.end());
    }
  }

  // What is made within a block is seen there alone.
  void widen_block(graph::BlockId block) {
    const Wide outside = wide_;
    for (NodeId id : g_.block(block).nodes) {
      const Node& n = g_.node(id);
      for (graph::BlockId inner : n.blocks) widen_block(inner);
      patch_.insert_before(id);
      if (!keeps_types(n) && touches(n)) widen(id);
    }
    wide_ = outside;
  }

  bool touches(const Node& n) const {
    // Rounded once, for the graph's output alone: by way of f32 it would be twice.
    if (n.is("Cast") && !half(n.input(0)) && g_.users(n.output(0)).empty()) return false;
    const auto is = [&](ValueId v) { return half(v); };
    return std::any_of(n.inputs.begin(), n.inputs.end(), is) ||
           std::any_of(n.outputs.begin(), n.outputs.end(), is);
  }

  // What stands for `v` in f32, for node `reader`. New nodes read what earlier ones make, never
  // what those replace.
  ValueId wide(ValueId v, NodeId reader) {
    const auto at = wide_.find(v);
    if (at != wide_.end()) return at->second;
    if (!half(v)) return v;
    const Tensor* constant = g_.constant(v);
    return wide_[v] = constant != nullptr
                          ? patch_.constant(with_type(*constant, DType::f32), g_.value(v).name)
                          : add_cast(&patch_, v, DType::f32, reader);
  }

  void widen(NodeId id) {
    const Node& n = g_.node(id);
    patch_.remove(id);
    const ValueId in = n.input(0), out = n.output(0);
    // A Cast between halves and f32 has nothing left to do.
    const auto either = [&](ValueId v) { return half(v) || g_.fact(v).dtype == DType::f32; };
    if (n.is("Cast") && either(in) && either(out)) return made(n, 0, wide(in, id), id);
    Node copy = n;
    copy.origin.clear();
    for (ValueId& v : copy.inputs) v = wide(v, id);
    widen_attributes(&copy.attributes);
    const std::vector<ValueId> outputs = patch_.add_multi(std::move(copy), n.outputs.size(), {id});
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (n.outputs[i] != graph::none) old_[outputs[i]] = g_.fact(n.outputs[i]);
      made(n, i, outputs[i], id);
    }
  }

  // `with` is what output `i` of `n` is now.
  void made(const Node& n, size_t i, ValueId with, NodeId id) {
    const ValueId out = n.outputs[i];
    if (out == graph::none) return;
    wide_[out] = with;
    if (!half(out)) return patch_.replace(out, with);
    const DType type = g_.fact(out).dtype;
    const bool rounds = type == DType::bf16 && bf16_ == Rounding::each_node && !only_moves(n) &&
                        !g_.users(out).empty();
    const bool seen = g_.is_block_output(out) || narrow_.contains(out);
    if (!rounds && !seen) return;
    const ValueId narrow = add_cast(&patch_, with, type, id);
    if (seen) patch_.replace(out, narrow);
    if (rounds) wide_[out] = add_cast(&patch_, narrow, DType::f32, id);
  }

  const Graph& g_;
  Patch patch_;
  Rounding bf16_;
  Wide wide_;
  std::set<ValueId> narrow_;     // read by what keeps types
  std::map<ValueId, Fact> old_;  // of what new values stand for
};

}  // namespace

Status widen_halves(Graph* graph, Rounding bf16) {
  if (graph->block().nodes.empty()) return {};
  return Widener(*graph, bf16).apply(graph);
}

}  // namespace hone::engine
