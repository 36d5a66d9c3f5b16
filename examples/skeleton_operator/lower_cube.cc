// Its lowering: Cube -> two steps of family binary. See docs/add_an_operator.md.
//
// In the tree this file is src/host/plan/lower/cube.cc (or a function in a file of its relatives),
// and lowerings.inc has the line HONE_LOWERING("ai.hone.example", Cube, cube), which declares it.
#include "device/kernels/binary/binary.h"
#include "host/plan/lower.h"

namespace hone::plan {

Status lower_cube(Lowering& l, const Node& n) {
  // The operand as the result shall lie: each element is treated alike, so any layout will do.
  const Layout layout = l.graph().value(n.output(0)).layout;
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  // Which kernel of the family runs is decided later; what none takes is refused by name then.
  constexpr kernels::BinaryAttrs multiply{kernels::Binary::mul, kernels::Act::none, 0, 0};
  PlanValue square = l.temporary(n.name, l.at(x).dtype, l.at(x).shape);
  l.step(n, "binary", {x, x}, {square}, multiply);
  l.step(n, "binary", {square, x}, {l.define(n.output(0))}, multiply);
  return {};
}

}  // namespace hone::plan
