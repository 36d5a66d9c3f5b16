// topk: ONNX TopK: the largest or smallest elements along one axis, best first.
//
//   in[0]  x        f32, f64 or integers of >= 8 bits, dense, rank >= 1
//   out[0] values   x's type and shape, but k <= x's size along the axis; dense
//   out[1] indices  i64, the shape of values, dense
//
// Equal elements come in the order of their indices, NaN last.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct TopkAttrs {
  int32_t axis;     // >= 0
  int32_t largest;  // else the smallest
};
constexpr const char* topk_attr_names = "axis largest";

}  // namespace hone::kernels
