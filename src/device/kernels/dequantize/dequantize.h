// dequantize: y = (x - zero) scale.
//
//   in[0]  x      u8, i8, u16, i16 or i32 [outer, size, inner], dense
//   in[1]  scale  f32, dense: [1], [size] or by block: see quantize.h
//   in[2]  zero   x's type, scale's shape, dense, optional (0)
//   out[0] y      f32, x's shape, dense
//
// The difference is exact, the product rounded once.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct DequantizeAttrs {
  int32_t block;  // 0 where scales are not by block
};
constexpr const char* dequantize_attr_names = "block";

}  // namespace hone::kernels
