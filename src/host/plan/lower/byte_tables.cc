// Quantised operators that are a function of one byte each: the reference's results for all 256,
// looked up. Exact by construction.

#include <fmt/format.h>

#include "device/kernels/copy/copy.h"
#include "host/ops/evaluate.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/quantised.h"

namespace hone::plan {

namespace {

// Every byte, in the order of its bits.
Tensor all_bytes(DType t) {
  Tensor x(t, {256});
  for (int64_t i = 0; i < 256; ++i)
    x.set(i, static_cast<double>(t == DType::i8 && i > 127 ? i - 256 : i));
  return x;
}

bool is_byte(DType t) { return t == DType::u8 || t == DType::i8; }

// The constants at these inputs of n; an absent tensor where one is not given.
Result<std::vector<Tensor>> constants(const Lowering& l, const Node& n,
                                      std::initializer_list<size_t> inputs) {
  std::vector<Tensor> out;
  for (size_t i : inputs) {
    const Tensor* t = n.input(i) == graph::none ? nullptr : l.graph().constant(n.input(i));
    if (t == nullptr && n.input(i) != graph::none) {
      return unsupported(fmt::format("input {} of {} is known only when it runs", i, n.op));
    }
    out.push_back(t == nullptr ? Tensor() : *t);
  }
  return out;
}

Result<Tensor> table_of(const Lowering& l, const Node& n, const std::vector<Tensor>& inputs) {
  HONE_ASSIGN(std::vector<Tensor> y, ops::evaluate_node(l.graph(), n, inputs));
  if (y.size() != 1 || y[0].count() != 256) return internal("a table of another size");
  return y[0];
}

bool is_identity(const Tensor& table) {
  const Tensor x = all_bytes(table.dtype());
  for (int64_t i = 0; i < x.count(); ++i) {
    if (table.at(i) != x.at(i)) return false;
  }
  return true;
}

}  // namespace

// X, scale, zero point, Y's scale, zero point.
Status lower_qlinear_unary(Lowering& l, const Node& n) {
  const DType t = l.graph().fact(n.input(0)).dtype;
  if (!is_byte(t)) return unsupported("8 bits only");
  HONE_ASSIGN(std::vector<Tensor> in, constants(l, n, {1, 2, 3, 4}));
  in.insert(in.begin(), all_bytes(t));
  in.resize(n.inputs.size());
  HONE_ASSIGN(Tensor table, table_of(l, n, in));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), l.graph().value(n.output(0)).layout));
  look_up(l, n, x, std::move(table), l.define(n.output(0)));
  return {};
}

// Y's scale, zero point, then X, scale, zero point for every part.
Status lower_qlinear_concat(Lowering& l, const Node& n) {
  const graph::Value& out = l.graph().value(n.output(0));
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", 1), out.fact.rank()));
  const auto at = static_cast<size_t>(graph::physical_axis(out.fact.rank(), axis, out.layout));
  Node alone = n;
  alone.inputs.resize(5);
  alone.attributes.set("axis", graph::Attr(int64_t{0}));
  std::vector<PlanValue> parts;
  for (size_t i = 2; i + 2 < n.inputs.size(); i += 3) {
    const DType t = l.graph().fact(n.input(i)).dtype;
    if (!is_byte(t) || t != out.fact.dtype) return unsupported("parts of one type of 8 bits only");
    HONE_ASSIGN(std::vector<Tensor> in, constants(l, n, {0, 1, i + 1, i + 2}));
    in.insert(in.begin() + 2, all_bytes(t));
    HONE_ASSIGN(Tensor table, table_of(l, alone, in));
    HONE_ASSIGN(PlanValue x, l.use_as(n.input(i), out.layout));
    if (!is_identity(table)) {
      PlanValue same_scale = l.temporary(n.name, t, l.at(x).shape);
      look_up(l, n, x, std::move(table), same_scale);
      x = same_scale;
    }
    parts.push_back(x);
  }
  PlanValue y = l.define(n.output(0));
  Dim begin = 0;
  for (PlanValue x : parts) {
    auto strides = l.strides_of(y);
    const SymShape shape = l.at(x).shape;
    const Dim offset = begin * strides[at];
    l.copy(n, x, l.view(y, shape, std::move(strides), offset));
    begin = begin + shape[at];
  }
  return {};
}

}  // namespace hone::plan
