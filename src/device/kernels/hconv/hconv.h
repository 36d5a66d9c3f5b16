// hconv: 2-d convolution of 16-bit floats, channels last, summed in f32, with bias, residual and
// activation applied on the way out. A product is one of pixels [1, 1, M, K] by filters
// [N, 1, 1, K].
//
//   in[0]  x         bf16 or f16 [N, H, W, C], row-strided
//   in[1]  w         x's type [O, KH, KW, C / groups]; packed by kernels that pack (with the bias)
//   in[2]  bias      f32 [O], optional
//   in[3]  residual  y's type [N, OH, OW, O], optional, row-strided; may share memory with out[0]
//   out[0] y         x's type or f32 [N, OH, OW, O], row-strided
//
//   y[n,oy,ox,o] = act(bias[o] + residual[n,oy,ox,o] + sum_{ky,kx,c} w[o,ky,kx,c]
//                      x[n, oy sh + ky dh - pt, ox sw + kx dw - pl, g C/G + c])
//   outside pixels 0, g = o / (O / G); rounded to y's type once, to nearest, ties to even
//
// Of a depthwise convolution only the portable kernel gives f32 of halves: code that few steps
// want.
//
// residual_after_act = 1: y = act(...) + residual instead. type: x's DType.
#pragma once

#include "device/kernels/conv/conv.h"

namespace hone::kernels {

struct HConvAttrs : ConvAttrs {
  int32_t type;
};
constexpr const char* hconv_attr_names =
    "out_channels groups kernel_h kernel_w stride_h stride_w dilation_h dilation_w "
    "pad_t pad_l pad_b pad_r act *act_a *act_b residual_after_act exact_sums type";

}  // namespace hone::kernels
