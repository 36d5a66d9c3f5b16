// Hone's operators on quantised values, and those of com.microsoft that are the same: tables of a
// byte, sums and products, pooling.

#include <fmt/format.h>

#include "device/kernels/qbinary/qbinary.h"
#include "device/kernels/qpool/qpool.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/quantised.h"

namespace hone::plan {

namespace {

using kernels::QBinary;

bool is_byte(DType t) { return t == DType::u8 || t == DType::i8; }

// The constant scale at input `at` of n and the zero point behind it, each one for all.
struct Scale {
  float scale = 1;
  int32_t zero = 0;
};
Result<Scale> scale_at(const Lowering& l, const Node& n, size_t at) {
  Scale s;
  for (size_t i : {at, at + 1}) {
    if (i > at && n.input(i) == graph::none) continue;
    const Tensor* t = l.graph().constant(n.input(i));
    if (t == nullptr) {
      return unsupported(fmt::format("input {} of {} is known only when it runs", i, n.op));
    }
    if (t->count() != 1) return unsupported(fmt::format("input {} of {} as a vector", i, n.op));
    if (i == at) {
      s.scale = static_cast<float>(t->at(0));
    } else {
      s.zero = static_cast<int32_t>(t->at(0));
    }
  }
  return s;
}

Result<QBinary> function_of(const Node& n) {
  const std::string op = n.attributes.s("op", "");
  if (op == "Add" || n.op == "QLinearAdd") return QBinary::add;
  if (op == "Mul" || n.op == "QLinearMul") return QBinary::mul;
  return op == "Sub" ? Result<QBinary>(QBinary::sub) : internal("no quantised " + n.op + " " + op);
}

// A, scale, zero, B, scale, zero, y's scale, zero.
Status binary(Lowering& l, const Node& n, bool zero_first) {
  for (size_t i : {size_t{0}, size_t{3}}) {
    if (!is_byte(l.graph().fact(n.input(i)).dtype)) return unsupported("8 bits only");
  }
  HONE_ASSIGN(const Scale a, scale_at(l, n, 1));
  HONE_ASSIGN(const Scale b, scale_at(l, n, 4));
  HONE_ASSIGN(const Scale y, scale_at(l, n, 6));
  HONE_ASSIGN(const QBinary op, function_of(n));
  const graph::Value& out = l.graph().value(n.output(0));
  const int64_t least = out.fact.dtype == DType::u8 ? 0 : -128;
  const kernels::QBinaryAttrs attrs = {op,
                                       zero_first ? 1 : 0,
                                       a.zero,
                                       b.zero,
                                       y.zero,
                                       static_cast<int32_t>(n.attributes.i("lowest", least)),
                                       static_cast<int32_t>(n.attributes.i("highest", least + 255)),
                                       a.scale,
                                       b.scale,
                                       y.scale};
  const int rank = out.fact.rank();
  HONE_ASSIGN(PlanValue pa, l.use_broadcast(n.input(0), rank, out.layout));
  HONE_ASSIGN(PlanValue pb, l.use_broadcast(n.input(3), rank, out.layout));
  l.step(n, "qbinary", {pa, pb}, {l.define_as(n.output(0), out.layout)}, attrs);
  return {};
}

}  // namespace

Status lower_quantized_binary(Lowering& l, const Node& n) { return binary(l, n, false); }
Status lower_qlinear_binary(Lowering& l, const Node& n) { return binary(l, n, true); }

Status lower_byte_table(Lowering& l, const Node& n) {
  const Tensor* table = l.graph().constant(n.input(1));
  if (table == nullptr) return unsupported("a table that is known only when it runs");
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), l.graph().value(n.output(0)).layout));
  PlanValue y = l.define(n.output(0));
  look_up(l, n, x, *table, y);
  return {};
}

void look_up(Lowering& l, const Node& n, PlanValue x, Tensor table, PlanValue y) {
  const PlanValue entries = l.constant("table", std::move(table));
  if (l.at(x).shape.empty()) x = l.reshape_view(x, {Dim(1)}), y = l.reshape_view(y, {Dim(1)});
  l.add_step(n, "table", {x, entries}, {y}, {}, {});
}

// X, scale, zero, y's scale, zero.
Status lower_quantized_pool(Lowering& l, const Node& n) {
  if (!is_byte(l.graph().fact(n.input(0)).dtype)) return unsupported("8 bits only");
  HONE_ASSIGN(const Scale x, scale_at(l, n, 1));
  HONE_ASSIGN(const Scale y, scale_at(l, n, 3));
  kernels::QPoolAttrs a{};
  HONE_ASSIGN(a.pool, pool_attrs(l, n));
  a.x_zero = x.zero, a.y_zero = y.zero;
  a.ratio = x.scale / y.scale;
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  PlanValue py = l.define_as(n.output(0), Layout::channels_last);
  l.step(n, "qpool", {as_rank4(l, px)}, {as_rank4(l, py)}, a);
  return {};
}

}  // namespace hone::plan
