#include "host/passes/check_patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "host/ops/evaluate.h"

namespace hone::passes {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Patch;
using graph::ValueId;

namespace {

// Of an output's largest value. Folding rounds weights once more than the graph did: a few units of
// f32, summed over a reduction.
constexpr double tolerance = 1e-4;
// Of a value's largest: what counts as rounding where a patch is. A tenth of what outputs may
// differ by; narrow types are compared to the bit.
constexpr double rounding = 1e-5;

// Of dimensions that the file leaves open; the first one of an input is 2.
constexpr int64_t small_size = 32, large_size = 512;

Tensor noise(DType dtype, const Dims& dims, uint64_t seed) {
  Tensor t(dtype, dims);
  if (dtype == DType::string) return t;
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
  for (int64_t i = 0, n = t.count(); i < n; ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    double u = static_cast<double>(state >> 33) * 0x1p-31;
    t.set(i, is_float(dtype) ? 2 * u - 1 : u < 0.5 ? 0 : 1);
  }
  return t;
}

// The largest difference relative to the largest finite value of `a`; infinite where one is a
// number and the other none. Both have the same type, not string, and dims.
double difference(const Tensor& a, const Tensor& b) {
  double largest = 0, worst = 0;
  for (int64_t k = 0, n = a.count(); k < n; ++k) {
    const double x = a.at(k), y = b.at(k);
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double d = std::abs(x - y);
    worst = std::max(worst, std::isnan(d) ? INFINITY : d);
  }
  return worst / std::max(largest, 1e-6);
}

// Says which sizes an error is about, and how to have others.
std::string tried(const std::map<std::string, int64_t>& sizes) {
  std::string text;
  for (const auto& [name, size] : sizes) {
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name, size);
  }
  return fmt::format("--verify, with {} ('hone edit --shape' fixes others)", text);
}

enum class Likeness { same, rounded, other };

Likeness likeness(const Tensor& a, const Tensor& b) {
  if (!a.is_plain() || !b.is_plain()) return Likeness::other;
  if (identical(a, b)) return Likeness::same;
  const bool wide = a.dtype() == DType::f32 || a.dtype() == DType::f64;
  if (!wide || a.dtype() != b.dtype() || a.dims() != b.dims()) return Likeness::other;
  return difference(a, b) <= rounding ? Likeness::rounded : Likeness::other;
}

NodeId owner_in_root(const Graph& g, NodeId id) {
  while (g.node(id).block != 0) id = g.block(g.node(id).block).owner;
  return id;
}

// What the node reads, its blocks included.
void collect_reads(const Graph& g, const Node& node, std::set<ValueId>* reads) {
  reads->insert(node.inputs.begin(), node.inputs.end());
  for (graph::BlockId b : node.blocks) {
    const graph::Block& block = g.block(b);
    reads->insert(block.outputs.begin(), block.outputs.end());
    for (NodeId n : block.nodes) {
      if (g.node(n).alive) collect_reads(g, g.node(n), reads);
    }
  }
}

bool reads_any(const Graph& g, const Node& node, const std::set<ValueId>& changed) {
  if (changed.empty()) return false;
  std::set<ValueId> reads;
  collect_reads(g, node, &reads);
  return std::any_of(reads.begin(), reads.end(), [&](ValueId v) { return changed.contains(v); });
}

}  // namespace

const Tensor& CheckPatch::value(const Graph& graph, ValueId v) const {
  const Tensor* constant = graph.constant(v);
  return constant != nullptr ? *constant : values_[static_cast<size_t>(v)];
}

Status CheckPatch::start(const Graph& graph) {
  bool sized = false;
  for (ValueId v : graph.block().inputs) {
    const graph::Fact& f = graph.fact(v);
    if (!f.has_rank()) return unsupported("--verify needs inputs of known rank");
    for (const graph::Dim& d : *f.shape) sized = sized || !d.is_const();
  }
  HONE_RETURN_IF_ERROR(evaluate_noise(graph, sized ? small_size : 0));
  for (size_t i = 0; i < graph.block().outputs.size(); ++i) {
    outputs_.push_back(value(graph, graph.block().outputs[i]));
    if (outputs_.back().is_plain()) continue;
    return unsupported(
        fmt::format("--verify compares tensors, output '{}' is none", graph.output_names[i]));
  }
  return {};
}

Status CheckPatch::evaluate_noise(const Graph& graph, int64_t size) {
  std::map<std::string, int64_t> sizes;
  for (ValueId v : graph.block().inputs) {
    const graph::SymShape& shape = *graph.fact(v).shape;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      for (const std::string& s : shape[axis].symbols()) sizes.try_emplace(s, axis == 0 ? 2 : size);
    }
  }
  values_.assign(static_cast<size_t>(graph.value_count()), {});
  uint64_t seed = 0;
  for (ValueId v : graph.block().inputs) {
    Dims dims;
    for (const graph::Dim& d : *graph.fact(v).shape) dims.push_back(d.evaluate(sizes).value_or(1));
    values_[static_cast<size_t>(v)] = noise(graph.fact(v).dtype, dims, ++seed);
  }
  const Status s = evaluate_all(graph);
  // Windows of sound are longer than that.
  const bool too_small = s.code() == Code::shape_mismatch || s.code() == Code::invalid_argument;
  if (too_small && size == small_size && evaluate_noise(graph, large_size).ok()) return {};
  return sizes.empty() ? s : in(tried(sizes), s);
}

Status CheckPatch::evaluate_all(const Graph& graph) {
  for (NodeId n : graph.block().nodes) {
    const Node& node = graph.node(n);
    if (!node.alive) continue;
    HONE_ASSIGN(std::vector<Tensor> outputs, ops::evaluate_node_in(graph, node, values_));
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const ValueId v = node.outputs[i];
      if (v != graph::none) values_[static_cast<size_t>(v)] = std::move(outputs[i]);
    }
  }
  left_alone_ = false;
  remember(graph);
  return {};
}

void CheckPatch::remember(const Graph& graph) {
  for (ValueId v = 0; v < graph.value_count(); ++v) {
    Tensor& t = values_[static_cast<size_t>(v)];
    if (t && !graph.is_live(v)) t = {};
  }
  nodes_.resize(static_cast<size_t>(graph.node_count()));
  for (NodeId n : graph.all_nodes()) {
    nodes_[static_cast<size_t>(n)] = {true, graph.node(n).inputs};
  }
  block_outputs_.resize(static_cast<size_t>(graph.block_count()));
  for (graph::BlockId b = 0; b < graph.block_count(); ++b) {
    block_outputs_[static_cast<size_t>(b)] = graph.block(b).outputs;
  }
}

// Nodes of the root block that are new or other than when they were evaluated, inside of them too.
std::set<NodeId> CheckPatch::changed_nodes(const Graph& graph, const Patch& patch) const {
  std::set<NodeId> changed;
  const auto add = [&](NodeId n) {
    if (graph.node(n).alive) changed.insert(owner_in_root(graph, n));
  };
  for (NodeId n : graph.all_nodes()) {
    const bool known =
        static_cast<size_t>(n) < nodes_.size() && nodes_[static_cast<size_t>(n)].evaluated;
    if (!known || nodes_[static_cast<size_t>(n)].inputs != graph.node(n).inputs) add(n);
  }
  for (NodeId n : patch.edited()) add(n);
  for (graph::BlockId b = 1; b < graph.block_count(); ++b) {
    const NodeId owner = graph.block(b).owner;
    if (owner == graph::none || !graph.node(owner).alive) continue;
    const bool known = static_cast<size_t>(b) < block_outputs_.size();
    if (!known || block_outputs_[static_cast<size_t>(b)] != graph.block(b).outputs) add(owner);
  }
  return changed;
}

Status CheckPatch::evaluate(const Graph& graph, const Node& node, const Patch& patch,
                            std::set<ValueId>* changed) {
  HONE_ASSIGN(std::vector<Tensor> outputs, ops::evaluate_node_in(graph, node, values_));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const ValueId v = node.outputs[i];
    if (v == graph::none) continue;
    Tensor& known = values_[static_cast<size_t>(v)];
    // The value that it was, or the one that it stands for now.
    const Tensor* before = known ? &known : nullptr;
    for (const auto& [old, with] : patch.replacements()) {
      if (with == v && before == nullptr && value(graph, old)) before = &value(graph, old);
    }
    if (before != nullptr) {
      const Likeness like = likeness(*before, outputs[i]);
      left_alone_ = left_alone_ || like == Likeness::rounded;
      if (like != Likeness::other) {
        known = *before;
        continue;
      }
    }
    changed->insert(v);
    known = std::move(outputs[i]);
  }
  return {};
}

Status CheckPatch::check(const Graph& graph, const Patch& patch) {
  values_.resize(static_cast<size_t>(graph.value_count()));
  const std::set<NodeId> dirty = changed_nodes(graph, patch);
  std::set<ValueId> changed;
  for (NodeId n : graph.block().nodes) {
    const Node& node = graph.node(n);
    if (!node.alive) continue;
    // Nodes that come out of an If have no values in this block yet.
    const bool fresh = std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId v) {
      return v != graph::none && !values_[static_cast<size_t>(v)];
    });
    if (!fresh && !dirty.contains(n) && !reads_any(graph, node, changed)) continue;
    HONE_RETURN_IF_ERROR(evaluate(graph, node, patch, &changed));
  }
  remember(graph);
  return compare_outputs(graph);
}

Status CheckPatch::settle(const Graph& graph) {
  if (!left_alone_) return {};
  HONE_RETURN_IF_ERROR(evaluate_all(graph));
  return compare_outputs(graph);
}

Status CheckPatch::compare_outputs(const Graph& graph) const {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Tensor &a = outputs_[i], &b = value(graph, graph.block().outputs[i]);
    const std::string& name = graph.output_names[i];
    if (a.dtype() != b.dtype() || a.dims() != b.dims()) {
      return Status(Code::differs, fmt::format("output '{}' changed its type or shape", name));
    }
    if (identical(a, b) || a.dtype() == DType::string) continue;
    const double d = difference(a, b);
    if (d <= tolerance) continue;
    return Status(Code::differs,
                  fmt::format("output '{}' differs by {:.2g} of its largest value", name, d));
  }
  return {};
}

}  // namespace hone::passes
