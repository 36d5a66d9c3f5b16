// pool: max and average pooling, channels last.
//
//   in[0]  x  f32, bf16 or f16 [N, H, W, C], row-strided
//   out[0] y  x's type [N, OH, OW, C], row-strided; what is computed in f32 is rounded once
//
// average: the sum over the window's inside pixels divided by their number, or by the window's
// pixels within the padded picture when count_include_pad (a window reaching past the padding, as
// ceil_mode makes, never counts what lies beyond it); 0 where there is none to count. max: outside
// pixels count as -inf.
// global = 1: the window is the whole picture (kernel, stride, pads ignored), OH = OW = 1.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

enum class Pool : int32_t { max = 0, average = 1 };

struct PoolAttrs {
  Pool kind;
  int32_t global;
  int32_t kernel_h, kernel_w;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_t, pad_l, pad_b, pad_r;
  int32_t count_include_pad;
};
constexpr const char* pool_attr_names =
    "kind global kernel_h kernel_w stride_h stride_w dilation_h dilation_w pad_t pad_l pad_b pad_r "
    "count_include_pad";

}  // namespace hone::kernels
