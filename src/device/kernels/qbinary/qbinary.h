// qbinary: y = quantised(f(dequantised a, dequantised b)) with NumPy broadcasting, in one pass.
//
//   in[0]  a  u8 or i8, dims that broadcast to y's, any strides that are not negative
//   in[1]  b  likewise, of any of the two types
//   out[0] y  u8 or i8, rows; may share memory with an operand of y's own shape and strides
//
//   v = f((a - a_zero) a_scale, (b - b_zero) b_scale) / y_scale, each operation rounded to f32
//   y = clamp(round(v) + y_zero, lowest, highest), ties to even; with zero_first
//       clamp(round(v + y_zero), lowest, highest), as QLinearAdd and QLinearMul have it
//
// NaN gives the lowest.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

enum class QBinary : int32_t { add = 0, sub, mul };

struct QBinaryAttrs {
  QBinary op;
  int32_t zero_first;
  int32_t a_zero, b_zero, y_zero;
  int32_t lowest, highest;
  float a_scale, b_scale, y_scale;
};
constexpr const char* qbinary_attr_names =
    "op zero_first a_zero b_zero y_zero lowest highest *a_scale *b_scale *y_scale";

}  // namespace hone::kernels
