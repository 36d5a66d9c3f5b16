// gather_elements: ONNX GatherElements: y[i, j, k] = x[indices[i, j, k], j, k] (axis 0).
//
//   in[0]  x        any type of >= 8 bits, dense, rank >= 1
//   in[1]  indices  i32 or i64, x's rank, dense; beside the axis no larger than x. Negative ones
//                   count from the end; out of range ones are clamped (a kernel cannot fail),
//                   which the reference reports instead
//   out[0] y        x's type, the indices' shape, dense
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct GatherElementsAttrs {
  int32_t axis;  // >= 0
};
constexpr const char* gather_elements_attr_names = "axis";

}  // namespace hone::kernels
