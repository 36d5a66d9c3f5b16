// fold_constants: a node all of whose inputs are constants becomes its value; so does one whose
// result is known from shapes alone.

#include "common/base/checked.h"
#include "host/ops/evaluate.h"
#include "host/passes/match.h"

namespace hone::passes {

namespace {

// Folding must not make a file out of a formula: results beyond this stay nodes unless they are no
// larger than what went in. The masks of windowed attention (64 windows of 49 x 49, 0.6 MB) are
// well within it; a run would need the same memory and compute them each time.
constexpr int64_t max_growth_bytes = 4 << 20;
constexpr int64_t max_bytes = int64_t{256} << 20;
// The reference takes some 10 ns for one; what computes for longer than a second is left to a run.
constexpr double max_flops = 1e8;

int64_t fact_bytes(const graph::Fact& f) {
  if (!f.shape || !graph::all_const(*f.shape)) return -1;
  int64_t n = 1;
  for (const graph::Dim& d : *f.shape) {
    if (mul_overflows(n, d.value(), &n)) return -1;
  }
  int64_t bits_total = 0;
  return mul_overflows(n, bits(f.dtype), &bits_total) ? -1 : byte_size(f.dtype, n);
}

std::optional<Tensor> from_content(const graph::Fact& f) {
  if (!f.content || !f.shape || !graph::all_const(*f.shape)) return std::nullopt;
  Tensor t(f.dtype, graph::const_dims(*f.shape));
  if (t.count() != static_cast<int64_t>(f.content->size())) return std::nullopt;
  for (size_t i = 0; i < f.content->size(); ++i) {
    auto v = (*f.content)[i].const_value();
    if (!v) return std::nullopt;
    t.set(static_cast<int64_t>(i), static_cast<double>(*v));
    if (f.dtype == DType::i64) t.as_mutable<int64_t>()[i] = *v;  // beyond 2^53
  }
  return t;
}

bool worth_it(const Graph& g, const Node& n) {
  int64_t in = 0, out = 0;
  for (ValueId v : n.inputs) {
    if (const Tensor* t = g.constant(v)) in += t->bytes();
  }
  for (ValueId v : n.outputs) {
    if (v == graph::none) continue;
    int64_t b = fact_bytes(g.fact(v));
    if (b < 0) return false;
    out += b;
  }
  if (out > max_bytes || out > std::max(in, max_growth_bytes)) return false;
  return ops::cost(g, n).flops <= max_flops;
}

std::optional<std::vector<Tensor>> values_of(const Graph& g, const Node& n) {
  std::vector<Tensor> known;
  for (ValueId v : n.outputs) {
    if (v == graph::none) return std::nullopt;
    if (auto t = from_content(g.fact(v))) known.push_back(std::move(*t));
  }
  if (known.size() == n.outputs.size()) return known;
  std::vector<Tensor> in;
  for (ValueId v : n.inputs) {
    const Tensor* t = g.constant(v);
    if (v != graph::none && t == nullptr) return std::nullopt;
    in.push_back(t != nullptr ? *t : Tensor());
  }
  const ops::OpDef* def = ops::find_op(n);
  if (def == nullptr || !def->deterministic || !worth_it(g, n)) return std::nullopt;
  auto out = ops::evaluate_node(g, n, in);
  if (!out.ok()) return std::nullopt;  // it would fail when it runs: leave it where it can say so
  return std::move(*out);
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.blocks.empty() || n.outputs.empty()) return std::nullopt;
  if (n.is("DequantizeLinear")) return std::nullopt;  // weights are quantised to be small
  auto values = values_of(g, n);
  if (!values) return std::nullopt;
  Patch p(g, id);
  for (size_t i = 0; i < n.outputs.size(); ++i) {
    p.replace(n.outputs[i], p.constant(std::move((*values)[i]), g.value(n.outputs[i]).name));
  }
  p.remove(id);
  p.set_why(label(n) + " is constant");
  return p;
}

}  // namespace

extern const Pass fold_constants;
const Pass fold_constants{"fold_constants", "evaluate nodes whose inputs are constants",
                          Stage::standard,  true,
                          propose,          nullptr};

}  // namespace hone::passes
