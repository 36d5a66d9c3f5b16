// Gemm, MatMul and FusedGemm -> family gemm.

#include "device/kernels/gemm/gemm.h"

#include "device/kernels/binary/binary.h"
#include "device/kernels/unary/unary.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

// MatMul's 1-d operands: [K] is [1, K] on the left, [K, 1] on the right.
PlanValue as_matrix(Lowering& l, PlanValue v, bool left) {
  const SymShape& s = l.at(v).shape;
  if (s.size() != 1) return v;
  return l.reshape_view(v, left ? SymShape{Dim(1), s[0]} : SymShape{s[0], Dim(1)});
}

// beta C of Gemm: a constant is scaled here; C of shape [N] (or [1, N]) becomes the bias.
struct Addend {
  PlanValue bias = absent;   // [N]
  PlanValue other = absent;  // any other shape that broadcasts to [M, N]
};

Result<Addend> addend(Lowering& l, const Node& n, const Dim& columns) {
  Addend a;
  ValueId c = n.input(2);
  if (c == graph::none) return a;
  const SymShape& shape = *l.graph().fact(c).shape;
  float beta = n.is("Gemm") ? n.attributes.f("beta", 1) : 1;
  HONE_ASSIGN(PlanValue v, l.use(c));
  const DType type = l.at(v).dtype;
  if (beta != 1 && !is_float(type)) return unsupported("beta of integers");
  if (const Tensor* t = l.graph().constant(c); t != nullptr && beta != 1) {
    Tensor scaled(t->dtype(), t->dims());
    for (int64_t i = 0; i < t->count(); ++i) scaled.set(i, t->at(i) * static_cast<double>(beta));
    v = l.constant(l.graph().value(c).name, std::move(scaled));
  } else if (beta != 1) {
    Tensor factor(type, {});
    factor.set(0, static_cast<double>(beta));
    PlanValue scale = l.constant("beta", std::move(factor));
    PlanValue product = l.temporary("beta C", type, shape);
    l.step(n, "binary", {v, scale}, {product},
           kernels::BinaryAttrs{kernels::Binary::mul, kernels::Act::none, 0, 0});
    v = product;
  }
  bool row = !shape.empty() && shape.back() == columns &&
             graph::product(shape, 0, shape.size() - 1) == Dim(1);
  if (row) {
    a.bias = l.reshape_view(v, {columns});
  } else {
    a.other = v;
  }
  return a;
}

}  // namespace

Status lower_gemm(Lowering& l, const Node& n) {
  const auto& af = l.graph().fact(n.input(0));
  const SymShape& y = *l.graph().fact(n.output(0)).shape;
  HONE_ASSIGN(PlanValue a, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue b, l.use_as(n.input(1), Layout::row_major));
  HONE_ASSIGN(PlanValue residual, l.use_as(n.input(3), Layout::row_major));
  HONE_ASSIGN(Epilogue act, epilogue(n));
  bool vector_a = l.at(a).shape.size() == 1, vector_b = l.at(b).shape.size() == 1;
  a = as_matrix(l, a, true);
  b = as_matrix(l, b, false);

  kernels::GemmAttrs attrs{};
  attrs.trans_a = static_cast<int32_t>(n.attributes.i(n.is("Gemm") ? "transA" : "trans_a", 0));
  attrs.trans_b = static_cast<int32_t>(n.attributes.i(n.is("Gemm") ? "transB" : "trans_b", 0));
  attrs.alpha = n.attributes.f("alpha", 1);
  if (!is_float(af.dtype) && attrs.alpha != 1) return unsupported("alpha of integers");
  // Other types than f32 are activated by a step of its own.
  const bool apart = af.dtype != DType::f32 && act.act != kernels::Act::none;
  if (!apart) attrs.act = act.act, attrs.act_a = act.a, attrs.act_b = act.b;

  // The product's own shape, with the dimensions that 1-d operands lose put back.
  SymShape full = y;
  if (vector_b) full.push_back(Dim(1));
  if (vector_a) full.insert(full.end() - 1, Dim(1));
  HONE_ASSIGN(Addend c, addend(l, n, full.back()));

  PlanValue out = l.define_as(n.output(0), Layout::row_major);
  const PlanValue activated = l.reshape_view(out, full);
  PlanValue product = apart ? l.temporary("product", af.dtype, full) : activated;
  const auto activate = [&] {
    const kernels::UnaryAttrs unary{static_cast<int32_t>(act.act), act.a, act.b};
    if (apart) l.step(n, "unary", {product}, {activated}, unary);
  };
  if (c.other == absent) {
    l.step(n, "gemm", {a, b, c.bias, residual}, {product}, attrs);
    activate();
    return {};
  }
  // C broadcasts over rows or both: the product first, then the sum with the activation.
  PlanValue raw = l.temporary("sums", af.dtype, full);
  attrs.act = kernels::Act::none;
  l.step(n, "gemm", {a, b}, {raw}, attrs);
  l.step(n, "binary", {raw, c.other}, {product},
         apart ? kernels::BinaryAttrs{kernels::Binary::add, kernels::Act::none, 0, 0}
               : kernels::BinaryAttrs{kernels::Binary::add, act.act, act.a, act.b});
  activate();
  return {};
}

}  // namespace hone::plan
