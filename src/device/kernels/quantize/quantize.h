// quantize: y = saturate(round(x / scale) + zero), to nearest even.
//
//   in[0]  x      f32 [outer, size, inner], dense
//   in[1]  scale  f32, dense: [1] one for all, [size] one for each index of the middle axis, or
//                 [outer, ceil(size / block), inner] one for each block of it
//   in[2]  zero   y's type, scale's shape, dense, optional (0)
//   out[0] y      u8, i8, u16 or i16, x's shape, dense
//
// The quotient is rounded to f32 first, as ONNX's operator does. NaN gives the lowest value.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct QuantizeAttrs {
  int32_t block;  // 0 where scales are not by block
};
constexpr const char* quantize_attr_names = "block";

}  // namespace hone::kernels
