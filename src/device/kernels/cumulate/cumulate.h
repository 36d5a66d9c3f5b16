// cumulate: ONNX CumSum and CumProd: running sums or products along one axis.
//
//   in[0]  x  f32, f64 or integers of >= 8 bits, dense, rank >= 1
//   out[0] y  x's type and shape, dense
//
// dims: none, or the axis where it is computed (attrs' is 0 then).
//
// exclusive: without the element itself, from 0 (1) on. reverse: from the end to the front. f32
// accumulates in double and rounds each element once; integers wrap.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct CumulateAttrs {
  int32_t axis;  // >= 0
  int32_t product, exclusive, reverse;
};
constexpr const char* cumulate_attr_names = "axis product exclusive reverse";

}  // namespace hone::kernels
