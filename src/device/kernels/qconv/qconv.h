// qconv: 2-d convolution of bytes, channels last, summed as integers and requantised, or scaled to
// f32, on the way out. Every kernel gives the same bits.
//
//   in[0]  x       u8 or i8 [N, H, W, C], row-strided
//   in[1]  w       u8 or i8 [O, KH, KW, C / groups], dense; packed by kernels that pack (with
//                  bias, scale and zero)
//   in[2]  bias    i32 [O], f32 where y is; dense, optional
//   in[3]  scale   f32 [1] or [O], dense: x's scale times w's by y's
//   in[4]  w_zero  w's type, [1] or [O], dense, optional (0)
//   in[5]  x_zero  u8 [1], optional: in place of the attribute. Only of x in u8, y in f32 and no
//   bias in[6]  x_scale f32 [1], where there is in[5]: scale is w's alone out[0] y       u8, i8 or
//   f32 [N, OH, OW, O], row-strided
//
//   sum = bias[o] + sum_{ky,kx,c} (w[o,ky,kx,c] - w_zero[o])
//                   (x[n, oy sh + ky dh - pt, ox sw + kx dw - pl, g C/G + c] - x_zero)
//   y[n,oy,ox,o] = saturate(round(f32(sum) scale[o]) + y_zero), ties to even
//   y in f32: sum without bias; f32(sum) scale[o] + bias[o], or f32(sum) (x_scale scale[o]); each
//   product and sum is rounded
//   outside pixels x_zero, g = o / (O / G)
//
// wide = 0: the caller knows that no sum leaves 32 bits; 1: none does before the bias is added;
// 2: sums have 64. A product is one of pixels [1, 1, M, K] by filters [N, 1, 1, K].
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct QConvAttrs {
  int32_t out_channels, groups;
  int32_t kernel_h, kernel_w;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_t, pad_l, pad_b, pad_r;
  int32_t x_zero, y_zero;
  int32_t wide;
};
constexpr const char* qconv_attr_names =
    "out_channels groups kernel_h kernel_w stride_h stride_w dilation_h dilation_w "
    "pad_t pad_l pad_b pad_r x_zero y_zero wide";

}  // namespace hone::kernels
