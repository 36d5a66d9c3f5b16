// scatter: ONNX ScatterElements and ScatterND: a copy of x with updates written in, in their order.
//
//   in[0]  x        any type of >= 8 bits, dense, rank >= 1; with a reduction f32, f64 or integers
//   in[1]  indices  i32 or i64, dense. Negative ones count from the end; out of range ones are
//                   clamped (a kernel cannot fail), which the reference reports instead
//   in[2]  updates  x's type, dense
//   out[0] y        x's type and shape, dense
//
// axis >= 0: indices and updates are of one shape and x's rank, beside the axis no larger than x:
// y[indices[i, j], j] (+)= updates[i, j]. axis -1: indices are [I..., depth], updates
// [I..., x's dimensions from depth on]: slices by tuples of indices.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

// Append only. max, min: NaN stays.
enum class Scatter : int32_t { write = 0, add, mul, max, min };
constexpr int scatter_end = static_cast<int>(Scatter::min) + 1;

struct ScatterAttrs {
  int32_t axis;
  Scatter reduction;
};
constexpr const char* scatter_attr_names = "axis reduction";

}  // namespace hone::kernels
