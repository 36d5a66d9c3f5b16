// The smallest operator: Cube, y = x^3, element by element. See docs/add_an_operator.md.
//
// In the tree this file is src/host/ops/cube.cc, and ops.inc has the line HONE_OP(cube).
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// Shapes and types: may be unknown, may be expressions, may be wrong. Here: as the operand's, which
// must be floating point.
Status infer(InferContext& ctx) { return infer_same_float(ctx); }

// What the operator means: plain loops in double, rounded once, by store(). Slow on purpose.
Status reference(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  std::vector<double> values = load<double>(x);
  for (double& v : values) v = v * v * v;
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

double flops(const Graph& graph, const Node& node) { return 2 * output_elements(graph, node); }

// One entry for each version whose signature or meaning differs: domain, name, first version,
// inputs, outputs, attributes, and the f32 tolerance: two roundings of 6e-8 each, with room.
const OpDef defs[] = {
    {"ai.hone.example", "Cube", 1, 1, 1, 1, 1, {}, infer, reference, flops, 1e-6},
};

}  // namespace

std::span<const OpDef> cube_defs() { return defs; }

}  // namespace hone::ops
