// dequantize: y = (x - zero) scale.
//
//   in[0]  x      any integer of at most 32 bits or float of at most 8 [outer, size, inner], dense
//   in[1]  scale  any float, dense: [1], [size] or by block: see quantize.h
//   in[2]  zero   x's type, scale's shape, dense, optional (0)
//   out[0] y      any float, x's shape, dense
//
// Of integers and f32 the difference is exact, the product rounded once. What is wider, or a float,
// is computed in double.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct DequantizeAttrs {
  int32_t block;  // 0 where scales are not by block
};
constexpr const char* dequantize_attr_names = "block";

}  // namespace hone::kernels
