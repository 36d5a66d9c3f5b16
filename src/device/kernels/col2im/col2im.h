// col2im: the second half of a transposed convolution: products of input pixels with every tap of
// the filter are added up where they fall, channels last.
//
//   in[0]  x     f32 [N, H, W, KH, KW, C], dense
//   in[1]  bias  f32 [C], dense, optional
//   out[0] y     f32 [N, OH, OW, C], dense
//
//   y[n, oy, ox] = bias + sum of x[n, iy, ix, ky, kx] with iy stride_h + ky dilation_h - pad_t = oy
//   and likewise for x. Any OH and OW: what falls outside is lost, where nothing falls is bias.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct Col2imAttrs {
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_t, pad_l;
};
constexpr const char* col2im_attr_names = "stride_h stride_w dilation_h dilation_w pad_t pad_l";

}  // namespace hone::kernels
