// gather_nd: ONNX GatherND: slices of x by tuples of indices.
//
//   in[0]  x        any type of >= 8 bits, [batch..., dims..., inner...], dense
//   in[1]  indices  i32 or i64, [batch..., I..., depth], dense; `dims` are `depth` many. Negative
//                   ones count from the end; out of range ones are clamped (a kernel cannot fail),
//                   which the reference reports instead
//   out[0] y        x's type, [batch..., I..., inner...], dense
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct GatherNdAttrs {
  int32_t batch_dims;
};
constexpr const char* gather_nd_attr_names = "batch_dims";

}  // namespace hone::kernels
