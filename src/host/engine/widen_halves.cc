#include "host/engine/widen_halves.h"

#include <algorithm>
#include <map>

#include "host/engine/retype.h"
#include "host/ops/op_def.h"

namespace hone::engine {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Patch;
using graph::ValueId;

constexpr int64_t f32_type = static_cast<int64_t>(DType::f32);

bool is_half(DType t) { return t == DType::f16; }

// Types that attributes name: what a node makes, and what it computes in.
void widen_attributes(graph::Attributes* a) {
  for (const char* name : {"to", "dtype", "output_dtype", "stash_type"}) {
    if (a->has(name) && is_half(static_cast<DType>(a->i(name, 0)))) a->set(name, f32_type);
  }
  if (const Tensor t = a->tensor("value"); t && is_half(t.dtype()))
    a->set("value", with_type(t, DType::f32));
}

class Widener {
 public:
  explicit Widener(const Graph& g) : g_(g), patch_(g, g.block().nodes.front()) {}

  Status apply(Graph* graph) {
    for (NodeId id : g_.block().nodes) {
      patch_.insert_before(id);
      if (touches(g_.node(id))) widen(id);
    }
    if (patch_.empty()) return {};
    return patch_.apply(*graph, [](Graph& g, NodeId n) { return ops::infer_node(g, n); });
  }

 private:
  bool half(ValueId v) const { return v != graph::none && is_half(g_.fact(v).dtype); }

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
    // A Cast between f16 and f32 has nothing left to do.
    const auto either = [&](ValueId v) { return half(v) || g_.fact(v).dtype == DType::f32; };
    if (n.is("Cast") && either(in) && either(out)) return made(n, 0, wide(in, id), id);
    Node copy = n;
    copy.origin.clear();
    for (ValueId& v : copy.inputs) v = wide(v, id);
    widen_attributes(&copy.attributes);
    const std::vector<ValueId> outputs = patch_.add_multi(std::move(copy), n.outputs.size(), {id});
    for (size_t i = 0; i < outputs.size(); ++i) made(n, i, outputs[i], id);
  }

  // `with` is what output `i` of `n` is now.
  void made(const Node& n, size_t i, ValueId with, NodeId id) {
    const ValueId out = n.outputs[i];
    if (out == graph::none) return;
    wide_[out] = with;
    if (!half(out)) {
      patch_.replace(out, with);
    } else if (g_.is_block_output(out)) {
      patch_.replace(out, add_cast(&patch_, with, DType::f16, id));
    }
  }

  const Graph& g_;
  Patch patch_;
  std::map<ValueId, ValueId> wide_;
};

}  // namespace

Status widen_halves(Graph* graph) {
  if (graph->block().nodes.empty()) return {};
  for (NodeId id : graph->all_nodes()) {
    const Node& n = graph->node(id);
    const auto half = [&](ValueId v) { return v != graph::none && is_half(graph->fact(v).dtype); };
    const bool halves = std::any_of(n.inputs.begin(), n.inputs.end(), half) ||
                        std::any_of(n.outputs.begin(), n.outputs.end(), half);
    if (halves && (n.block != 0 || !n.blocks.empty())) return {};
  }
  return Widener(*graph).apply(graph);
}

}  // namespace hone::engine
