// slice: one place along an axis of a tensor, read or written: what a loop scans and collects.
//
//   in[0]  x      any type of >= 8 bits, dense
//   in[1]  place  i64, one element: which place along the axis
//   out[0] y      x's type, dense
//
// write 0: y is x at the place, without the axis. write 1: x is written to y there; the rest of y
// stays as it is. from_end: place 0 is the last. A place that is not there is read as zeros and
// written nowhere.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct SliceAttrs {
  int32_t axis;  // >= 0, of the larger operand
  int32_t write, from_end;
};
constexpr const char* slice_attr_names = "axis write from_end";

}  // namespace hone::kernels
