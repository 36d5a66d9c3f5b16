// fuse_quantised: a sum, difference or product of two quantised values, and a mean over a picture
// or windows of one, between DequantizeLinear and QuantizeLinear are one step on bytes.

#include <algorithm>
#include <set>

#include "host/passes/quantised.h"

namespace hone::passes {

namespace {

void finish(const Graph& g, Patch& p, NodeId last, const Clamped& c, ValueId y) {
  p.set_why(label(g.node(c.node)) + " on bytes");
  p.replace(g.node(last).output(0), y);
  p.remove(last);
  if (c.act != graph::none) p.remove(c.act);
  p.remove(c.node);
  remove_dequantised(g, p, g.node(c.node).inputs, c.node);
}

std::optional<Patch> as_binary(const Graph& g, NodeId id, const Quantised& y, const Clamped& c) {
  const Node& middle = g.node(c.node);
  const auto a = dequantised(g, middle.input(0)), b = dequantised(g, middle.input(1));
  if (!a || !b) return std::nullopt;
  Patch p(g, id);
  Node made;
  made.domain = graph::hone_domain;
  made.op = "QuantizedBinary";
  made.version = 1;
  made.name = middle.name;
  made.attributes.set("op", middle.op);
  const ByteRange all = whole_range(g, y);
  if (c.range.lowest != all.lowest) made.attributes.set("lowest", int64_t{c.range.lowest});
  if (c.range.highest != all.highest) made.attributes.set("highest", int64_t{c.range.highest});
  for (const Quantised* q : {&*a, &*b}) {
    made.inputs.push_back(q->node->input(0));
    add_scale(g, p, *q, made);
  }
  add_scale(g, p, y, made);
  const ValueId v = p.add(std::move(made), {c.node, id});
  finish(g, p, id, c, v);
  return p;
}

// Whether a ReduceMean is over all but the first two axes of a picture.
bool is_global_mean(const Graph& g, const Node& n) {
  const auto& x = g.fact(n.input(0));
  if (!x.has_rank() || x.rank() < 3 || x.rank() > 4) return false;
  std::vector<int64_t> axes = n.attributes.ints("axes");
  if (n.input(1) != graph::none) {
    const Tensor* t = g.constant(n.input(1));
    if (t == nullptr) return false;
    for (int64_t i = 0; i < t->count(); ++i) axes.push_back(t->int_at(i));
  }
  std::set<int64_t> spatial;
  for (int64_t a : axes) spatial.insert(a < 0 ? a + x.rank() : a);
  std::set<int64_t> wanted;
  for (int64_t a = 2; a < x.rank(); ++a) wanted.insert(a);
  return spatial == wanted;
}

std::optional<Patch> as_pool(const Graph& g, NodeId id, const Quantised& y, const Clamped& c) {
  const Node& middle = g.node(c.node);
  const ByteRange all = whole_range(g, y);
  const auto x = dequantised(g, middle.input(0));
  // The kernels give x's type; a range of an activation's own is rare behind a mean.
  if (!x || c.range.lowest != all.lowest || c.range.highest != all.highest) return std::nullopt;
  if (g.fact(x->node->input(0)).dtype != g.fact(g.node(id).output(0)).dtype) return std::nullopt;
  if (middle.is("ReduceMean") && !is_global_mean(g, middle)) return std::nullopt;
  Patch p(g, id);
  Node made;
  made.domain = graph::hone_domain;
  made.op = "QuantizedPool";
  made.version = 1;
  made.name = middle.name;
  if (middle.is("AveragePool")) {
    if (!middle.attributes.ints("dilations").empty()) return std::nullopt;
    made.attributes = middle.attributes;
  } else {
    made.attributes.set("global", int64_t{1});
  }
  made.inputs = {x->node->input(0)};
  add_scale(g, p, *x, made);
  add_scale(g, p, y, made);
  ValueId v = p.add(std::move(made), {c.node, id});
  if (middle.is("ReduceMean") && middle.attributes.i("keepdims", 1) == 0) {
    Node flat;
    flat.op = "Reshape";
    flat.inputs = {v, p.constant(Tensor::of<int64_t>({2}, {0, 0}), label(middle) + "_shape")};
    v = p.add(std::move(flat), {c.node});
  }
  finish(g, p, id, c, v);
  return p;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const auto y = quantises(g, g.node(id));
  const auto c = y ? clamped_result(g, *y) : std::nullopt;
  if (!c) return std::nullopt;
  const Node& n = g.node(c->node);
  if (n.is("Add") || n.is("Sub") || n.is("Mul")) return as_binary(g, id, *y, *c);
  const bool mean = n.is("AveragePool") || n.is("GlobalAveragePool") || n.is("ReduceMean");
  return mean ? as_pool(g, id, *y, *c) : std::nullopt;
}

}  // namespace

extern const Pass fuse_quantised;
const Pass fuse_quantised{"fuse_quantised",
                          "compute on bytes between quantisations",
                          Stage::engine,
                          false,
                          propose,
                          nullptr,
                          false,
                          true};

}  // namespace hone::passes
