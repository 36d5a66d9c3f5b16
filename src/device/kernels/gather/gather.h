// gather: ONNX Gather along one axis.
//
//   in[0]  x        any type of >= 8 bits, dense
//   in[1]  indices  i32 or i64, any shape, dense; negative ones count from the end; out of range
//                   ones are clamped (a kernel cannot fail), which the reference reports instead
//   out[0] y        [x[0..axis), indices..., x(axis..)], dense
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct GatherAttrs {
  int32_t axis;  // >= 0
};
constexpr const char* gather_attr_names = "axis";

}  // namespace hone::kernels
