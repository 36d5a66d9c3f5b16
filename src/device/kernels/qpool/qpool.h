// qpool: max and average pooling of bytes, channels last.
//
//   in[0]  x  u8 or i8 [N, H, W, C], row-strided
//   out[0] y  x's type [N, OH, OW, C], row-strided
//
// Windows as in pool/pool.h. max: outside pixels do not count; every window has a pixel inside.
// average, with the sum of (x - x_zero) over the window's inside pixels, exact:
//
//   y = saturate(round(f32(f32(sum / divisor) ratio)) + y_zero), ties to even
#pragma once

#include "device/kernels/pool/pool.h"

namespace hone::kernels {

struct QPoolAttrs {
  PoolAttrs pool;
  int32_t x_zero, y_zero;  // average only
  float ratio;             // x's scale by y's
};
constexpr const char* qpool_attr_names =
    "kind global kernel_h kernel_w stride_h stride_w dilation_h dilation_w pad_t pad_l pad_b pad_r "
    "count_include_pad x_zero y_zero *ratio";

}  // namespace hone::kernels
