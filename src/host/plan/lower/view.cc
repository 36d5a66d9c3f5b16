// Operators that only rename dimensions: the result is the operand's memory.

#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

Status lower_same(Lowering& l, const Node& n) {
  if (n.is("Dropout") && n.output(1) != graph::none) {
    return unsupported("Dropout's mask output has no kernel");
  }
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), l.graph().value(n.output(0)).layout));
  l.define_view(n.output(0), x);
  return {};
}

Status lower_reorder(Lowering& l, const Node& n) { return lower_same(l, n); }

Status lower_reshape(Lowering& l, const Node& n) {
  // Reshaping is defined on the row-major order of both sides.
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  const SymShape& shape = *l.graph().fact(n.output(0)).shape;
  if (!n.is("Flatten")) {
    Dim before = graph::product(l.at(x).shape, 0, l.at(x).shape.size());
    l.check(Dim::apply(Dim::Op::equal, {before, graph::product(shape, 0, shape.size())}),
            n.op + " '" + n.name + "' would change the number of elements");
  }
  l.define_view_as(n.output(0), x, Layout::row_major);
  return {};
}

}  // namespace hone::plan
