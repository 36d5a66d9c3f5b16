// Three spatial axes on kernels of two, channels last: a volume [N, D, H, W, C] is N * D planes to
// what works in planes, and a picture of D rows of H * W pixels to what works along the depth.
#pragma once

#include "host/plan/lower.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

// `v`, or a copy of it without gaps.
PlanValue dense(Lowering& l, const Node& n, PlanValue v);

// [N, D, H, W, C] as [N * D, H, W, C].
PlanValue as_planes(Lowering& l, PlanValue dense);
// [N, D, H, W, C] as [N, D, H * W, C].
PlanValue as_depths(Lowering& l, PlanValue dense);

// A convolution of planes that gives what the node's gives in its volume. A filter's taps along the
// depth become channels: the operand's planes that a result sees lie side by side in every pixel,
// copied there, so that one convolution sums them all.
struct VolumeConv {
  PlanValue x, w, bias, residual, y;
  kernels::ConvAttrs attrs;
};
Result<VolumeConv> conv_of_planes(Lowering& l, const Node& n);

}  // namespace hone::plan
