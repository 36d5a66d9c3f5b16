// argpool: max pooling that says where each maximum was found.
//
//   in[0]  x      f32, u8 or i8 [N, C, D, H, W], dense
//   out[0] y      x's type [N, C, OD, OH, OW], dense; optional
//   out[1] where  i64, y's shape, dense: index of the element in all of x; -1 where a window sees
//                 nothing (y is the type's lowest there)
//
// Of equals the first; NaN is larger than all. column_major: indices count H before W, D before H.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct ArgpoolAttrs {
  int32_t kernel[3], stride[3], dilation[3], pad[3];  // of D, H, W; pad: in front
  int32_t column_major;
};
constexpr const char* argpool_attr_names =
    "kernel_d kernel_h kernel_w stride_d stride_h stride_w dilation_d dilation_h dilation_w "
    "pad_d pad_h pad_w column_major";

}  // namespace hone::kernels
