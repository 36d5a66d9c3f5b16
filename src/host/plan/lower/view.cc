// Operators that only rename dimensions: the result is the operand's memory.

#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/strided.h"

namespace hone::plan {

Status lower_same(Lowering& l, const Node& n) {
  if (n.is("Dropout") && n.output(1) != graph::none) {
    return unsupported("Dropout's mask output has no kernel");
  }
  if (n.is("Dropout") && n.version >= 12 && n.input(2) != graph::none) {
    const Tensor* training = l.graph().constant(n.input(2));
    if (training == nullptr || training->count() != 1 || training->int_at(0) != 0) {
      return unsupported("Dropout that drops (training_mode is true, or known only when it runs)");
    }
  }
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), l.graph().value(n.output(0)).layout));
  l.define_view(n.output(0), x);
  return {};
}

Status lower_bit_cast(Lowering& l, const Node& n) {
  const Layout layout = l.graph().value(n.output(0)).layout;
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  if (!l.is_dense(x)) {
    const PlanValue dense = l.temporary(n.name, l.at(x).dtype, l.at(x).shape);
    l.copy(n, x, dense);
    x = dense;
  }
  l.define_view_as(n.output(0), l.bit_view(x, l.graph().fact(n.output(0)).dtype), layout);
  return {};
}

Status lower_reorder(Lowering& l, const Node& n) { return lower_same(l, n); }

namespace {

// A view with any strides under a shape that differs by dimensions of 1.
PlanValue with_ones(Lowering& l, PlanValue x, const SymShape& shape) {
  const SymShape& own = l.at(x).shape;
  const std::vector<Dim> own_strides = l.strides_of(x);
  std::vector<Dim> strides;
  size_t from = 0;
  for (const Dim& d : shape) {
    while (d != Dim(1) && own[from] == Dim(1)) ++from;
    strides.push_back(d == Dim(1) ? Dim(1) : own_strides[from++]);
  }
  return l.view(x, shape, std::move(strides), 0);
}

}  // namespace

Status lower_reshape(Lowering& l, const Node& n) {
  // Reshaping is defined on the row-major order of both sides.
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  const SymShape& shape = *l.graph().fact(n.output(0)).shape;
  if (!n.is("Flatten")) {
    Dim before = graph::product(l.at(x).shape, 0, l.at(x).shape.size());
    l.check(Dim::apply(Dim::Op::equal, {before, graph::product(shape, 0, shape.size())}),
            n.op + " '" + n.name + "' would change the number of elements");
  }
  if (l.is_dense(x)) {
    l.define_view_as(n.output(0), x, Layout::row_major);
  } else if (differ_by_ones(l.at(x).shape, shape)) {
    define_view_or_copy(l, n, n.output(0), with_ones(l, x, shape), Layout::row_major);
  } else {
    PlanValue y = l.define_as(n.output(0), Layout::row_major);
    l.copy(n, x, l.reshape_view(y, l.at(x).shape));
  }
  return {};
}

}  // namespace hone::plan
