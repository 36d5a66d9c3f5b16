// quantize: y = saturate(round(x / scale) + zero), to nearest even.
//
//   in[0]  x      any float or integer [outer, size, inner], dense
//   in[1]  scale  any float, dense: [1] one for all, [size] one for each index of the middle axis,
//   or
//                 [outer, ceil(size / block), inner] one for each block of it
//   in[2]  zero   y's type, scale's shape, dense, optional (0)
//   out[0] y      an integer of at most 16 bits or a float of at most 8, x's shape, dense
//
// The quotient is rounded to the scales' type first, as ONNX's operator does, or to
// attrs.precision. NaN gives the lowest integer. Floats: the quotient is not made whole.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct QuantizeAttrs {
  int32_t block;  // 0 where scales are not by block
};
// Words that follow where they are not 0.
struct QuantizeAllAttrs {
  QuantizeAttrs scales;
  int32_t precision;  // a float DType; 0: the scales'
  int32_t overflow;   // of the f8 types: 0 saturates, 1 is infinity or NaN
};
constexpr const char* quantize_attr_names = "block precision overflow";

}  // namespace hone::kernels
