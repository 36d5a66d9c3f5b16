// softmax: along one axis, the maximum subtracted first.
//
//   in[0]  x  f32 or f64 [any shape], dense
//   out[0] y  same type and shape, dense; may share memory with x
//
// The normalised dimension is all of [axis, axis_end) flattened (axis_end = axis + 1 from opset 13
// on; rank before). log = 1: x - max - log(sum exp(x - max)).
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct SoftmaxAttrs {
  int32_t axis, axis_end, log;
};
constexpr const char* softmax_attr_names = "axis axis_end log";

}  // namespace hone::kernels
