// gemm: matrix product with NumPy's batch broadcasting, bias, residual and activation.
//
//   in[0]  a         f32 [..., M, K] ([..., K, M] with trans_a), row-strided
//   in[1]  b         f32 [..., K, N] ([..., N, K] with trans_b); packed where constant and 2-d by
//                    kernels that pack (with the bias)
//   in[2]  bias      f32, optional: [N] (constant or not)
//   in[3]  residual  f32, optional, shape of out[0]; may share memory with out[0]
//   out[0] y         f32 [..., M, N], row-strided
//
//   All may be of another numeric type of 8 bits and more instead, the same for each: without an
//   activation, and of integers with alpha 1 (what does not fit wraps around).
//
//   y = act(alpha a b + bias + residual). Ranks >= 2; leading dimensions broadcast (1 or equal;
//   missing ones in front count as 1). alpha is folded into packed weights.
#pragma once

#include "device/kernels/activation.h"
#include "device/kernels/kernel.h"

namespace hone::kernels {

struct GemmAttrs {
  int32_t trans_a, trans_b;
  float alpha;
  Act act;
  float act_a, act_b;
};
constexpr const char* gemm_attr_names = "trans_a trans_b *alpha act *act_a *act_b";

}  // namespace hone::kernels
