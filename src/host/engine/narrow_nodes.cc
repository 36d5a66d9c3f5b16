#include "host/engine/narrow_nodes.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "host/engine/retype.h"

namespace hone::engine {

namespace {

using graph::Graph;
using graph::Node;

bool is_gemm(const Node& n) { return n.is("Gemm"); }
bool is_product(const Node& n) {
  return is_gemm(n) || n.is("MatMul") || n.is("FusedGemm", graph::hone_domain);
}

bool flag(const Node& n, const char* of_gemm, const char* of_fused) {
  return n.attributes.i(is_gemm(n) ? of_gemm : of_fused, 0) != 0;
}

double largest(const Tensor& t) {
  double most = 0;
  for (int64_t i = 0; i < t.count(); ++i) most = std::max(most, std::abs(t.at(i)));
  return most;
}

bool is_f32(const Graph& g, graph::ValueId v) {
  return v == graph::none || g.fact(v).dtype == DType::f32;
}

// alpha B' of [N, K]; B is [K, N] unless it is transposed.
Tensor filters_of(const Tensor& b, bool transposed, double alpha, DType type) {
  const int64_t k = b.dims()[transposed ? 1 : 0], n = b.dims()[transposed ? 0 : 1];
  Tensor out(type, {n, k});
  for (int64_t i = 0; i < out.count(); ++i) {
    out.set(i, alpha * b.at(transposed ? i : i % k * n + i / k));
  }
  return out;
}

// Gemm's beta C, where C is a constant that is the same for every row: [N] in f32.
Tensor row_of(const Node& n, const Tensor& c) {
  Tensor row(DType::f32, {c.dims().back()});
  const double beta = static_cast<double>(n.attributes.f("beta", 1));
  for (int64_t i = 0; i < row.count(); ++i) row.set(i, beta * c.at(i));
  return row;
}

bool is_constant_row(const Graph& g, graph::ValueId c, int64_t columns) {
  const Tensor* t = g.constant(c);
  return t != nullptr && !t->dims().empty() && t->dims().back() == columns && t->count() == columns;
}

}  // namespace

bool is_convolution(const Node& n) { return n.is("Conv") || n.is("FusedConv", graph::hone_domain); }

bool is_depthwise(const Graph& g, const Node& n) {
  if (!is_convolution(n)) return false;
  const auto& filters = g.constant(n.input(1))->dims();
  return filters[0] > 1 && filters[1] == 1 && n.attributes.i("group", 1) == filters[0];
}

bool is_half_product(const Graph& g, const Node& n, DType type) {
  if (!is_convolution(n) && !is_product(n)) return false;
  const Tensor* w = g.constant(n.input(1));
  if (w == nullptr || w->dtype() != DType::f32 || w->count() == 0) return false;
  for (graph::ValueId v : n.inputs) {
    if (!is_f32(g, v)) return false;
  }
  if (g.constant(n.input(0)) != nullptr || !g.fact(n.input(0)).has_rank()) return false;
  const double alpha = std::abs(static_cast<double>(n.attributes.f("alpha", 1)));
  if (type == DType::f16 && largest(*w) * alpha > 65504) return false;
  const int rank = g.fact(n.input(0)).rank();
  if (is_convolution(n)) return rank == 3 || rank == 4;
  if (rank < 2 || w->dims().size() != 2 || flag(n, "transA", "trans_a")) return false;
  if (!is_gemm(n) || n.input(2) == graph::none) return true;
  return is_constant_row(g, n.input(2), w->dims()[flag(n, "transB", "trans_b") ? 0 : 1]);
}

HalfProduct half_product(const Graph& g, const Node& n, DType type) {
  HalfProduct p;
  p.node.domain = graph::hone_domain;
  p.node.version = 1;
  p.node.attributes = n.attributes;
  const Tensor& w = *g.constant(n.input(1));
  if (is_convolution(n)) {
    p.node.op = "HalfConv";
    p.weights = with_type(w, type);
    return p;
  }
  p.node.op = "HalfGemm";
  p.weights = filters_of(w, flag(n, "transB", "trans_b"),
                         static_cast<double>(n.attributes.f("alpha", 1)), type);
  for (const char* of_gemm : {"alpha", "beta", "transA", "transB", "trans_a", "trans_b"}) {
    p.node.attributes.erase(of_gemm);
  }
  if (is_gemm(n) && n.input(2) != graph::none) p.bias = row_of(n, *g.constant(n.input(2)));
  return p;
}

namespace {

// Sums, differences and products of two computed values, and pools. Constants are left in f32:
// they may be positions of boxes.
bool is_half_function(const Graph& g, const Node& n) {
  static const std::set<std::string> functions = {
      "Add", "Sub", "Mul", "AveragePool", "MaxPool", "GlobalAveragePool", "GlobalMaxPool"};
  if (!functions.contains(n.op) || !n.domain.empty() || n.outputs.size() > 1) return false;
  return std::none_of(n.inputs.begin(), n.inputs.end(),
                      [&](graph::ValueId v) { return g.constant(v) != nullptr; });
}

}  // namespace

bool takes_halves(const Graph& g, const Node& n) {
  // What moves elements does so whatever they are.
  static const std::set<std::string> movers = {
      "ChannelShuffle", "Concat", "DepthToSpace", "Expand",    "Flatten",
      "Identity",       "Pad",    "Reorder",      "Reshape",   "Slice",
      "SpaceToDepth",   "Split",  "Squeeze",      "Transpose", "Unsqueeze"};
  const bool moves = movers.contains(n.op) && (n.domain.empty() || n.domain == graph::hone_domain);
  return (moves || is_half_function(g, n)) && n.input(0) != graph::none &&
         g.fact(n.input(0)).dtype == DType::f32;
}

}  // namespace hone::engine
