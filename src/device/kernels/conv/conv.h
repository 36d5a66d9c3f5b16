// conv: 2-d convolution, channels last, with bias, residual and activation applied on the way out.
//
//   in[0]  x         f32 [N, H, W, C], row-strided
//   in[1]  w         f32 [O, KH, KW, C / groups]; packed by kernels that pack (with the bias)
//   in[2]  bias      f32 [O], optional
//   in[3]  residual  f32 [N, OH, OW, O], optional, row-strided; may share memory with out[0]
//   out[0] y         f32 [N, OH, OW, O], row-strided
//
//   y[n,oy,ox,o] = act(bias[o] + residual[n,oy,ox,o] + sum_{ky,kx,c} w[o,ky,kx,c]
//                      x[n, oy sh + ky dh - pt, ox sw + kx dw - pl, g C/G + c])
//   outside pixels 0, g = o / (O / G)
//
// residual_after_act = 1: y = act(...) + residual instead. exact_sums = 1: x and w are integers
// whose sums f32 holds, and y must be; kernels that add up anything else refuse. 1-d convolution
// has H = KH = 1.
#pragma once

#include "device/kernels/activation.h"
#include "device/kernels/kernel.h"

namespace hone::kernels {

struct ConvAttrs {
  int32_t out_channels, groups;
  int32_t kernel_h, kernel_w;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_t, pad_l, pad_b, pad_r;
  Act act;
  float act_a, act_b;
  int32_t residual_after_act;
  int32_t exact_sums;
};
constexpr const char* conv_attr_names =
    "out_channels groups kernel_h kernel_w stride_h stride_w dilation_h dilation_w "
    "pad_t pad_l pad_b pad_r act *act_a *act_b residual_after_act exact_sums";

}  // namespace hone::kernels
