// make_gemm: MatMul of two matrices and a constant row behind it are a Gemm.

#include "host/passes/match.h"

namespace hone::passes {

namespace {

bool is_matrix(const Graph& g, ValueId v) { return g.fact(v).has_rank() && g.fact(v).rank() == 2; }

// Gemm has had each of these since version 7 or before.
bool has_gemm(DType t) { return t == DType::f32 || t == DType::f64 || t == DType::f16; }

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto operands = n.is("Add") ? with_constant(g, n) : std::nullopt;
  const Node* product = operands ? g.producer_of(operands->value) : nullptr;
  if (product == nullptr || !product->is("MatMul") || product->block != n.block)
    return std::nullopt;
  if (!g.single_use(operands->value) || !has_gemm(g.fact(operands->value).dtype)) {
    return std::nullopt;
  }
  if (!is_matrix(g, product->input(0)) || !is_matrix(g, product->input(1))) return std::nullopt;
  if (!same_shape(g, operands->value, n.output(0))) return std::nullopt;
  const Tensor& row = *operands->constant;
  bool is_row = row.rank() >= 1 && row.rank() <= 2 && row.count() == row.dims().back() &&
                g.fact(n.output(0)).shape->back() == graph::Dim(row.count());
  if (!is_row) return std::nullopt;
  Patch p(g, id);
  Node made;
  made.op = "Gemm";
  made.name = product->name;
  made.inputs = {product->input(0), product->input(1),
                 operands->value == n.input(0) ? n.input(1) : n.input(0)};
  if (row.rank() == 2) {
    made.inputs[2] = p.constant(row.reshaped({row.count()}), g.value(made.inputs[2]).name);
  }
  NodeId first = g.value(operands->value).producer;
  p.replace(n.output(0), p.add(std::move(made), {first, id}));
  p.remove(id);
  p.remove(first);
  p.set_why(label(*product) + " + " + label(n));
  return p;
}

}  // namespace

extern const Pass make_gemm;
const Pass make_gemm{"make_gemm", "write MatMul and a bias as Gemm", Stage::standard, true, propose,
                     nullptr};

}  // namespace hone::passes
