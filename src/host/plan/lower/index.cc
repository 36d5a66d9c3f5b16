// Gathering and scattering by indices as data, and sequences of indices.

#include "device/kernels/gather_elements/gather_elements.h"
#include "device/kernels/gather_nd/gather_nd.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

Status lower_gather_elements(Lowering& l, const Node& n) {
  const int rank = l.graph().fact(n.input(0)).rank();
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", 0), rank));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue indices, l.use_as(n.input(1), Layout::row_major));
  PlanValue y = l.define_as(n.output(0), Layout::row_major);
  l.step(n, "gather_elements", {x, indices}, {y}, kernels::GatherElementsAttrs{axis});
  return {};
}

Status lower_gather_nd(Lowering& l, const Node& n) {
  kernels::GatherNdAttrs a{static_cast<int32_t>(n.attributes.i("batch_dims", 0))};
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue indices, l.use_as(n.input(1), Layout::row_major));
  l.step(n, "gather_nd", {x, indices}, {l.define_as(n.output(0), Layout::row_major)}, a);
  return {};
}

// The limit is in the number of elements, which the result's shape knows.
Status lower_range(Lowering& l, const Node& n) {
  HONE_ASSIGN(PlanValue start, l.use(n.input(0)));
  HONE_ASSIGN(PlanValue delta, l.use(n.input(2)));
  PlanValue y = l.define_as(n.output(0), Layout::row_major);
  l.add_step(n, "range", {start, delta}, {y}, {}, {});
  return {};
}

}  // namespace hone::plan
