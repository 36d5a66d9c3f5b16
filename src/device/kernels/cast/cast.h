// cast: y = x in another type, as ONNX Cast: any float but complex, any integer, bool.
//
//   in[0] x dense; out[0] y same shape, dense. Types narrower than a byte are packed.
//   attrs: none, or CastAttrs; without them small floats saturate and f8e8m0 rounds up.
// Float to integer truncates towards zero and saturates nothing in range; out of range values and
// NaN give what C++ conversion through int64_t gives, without undefined behaviour (clamped to
// int64_t first, NaN as 0; u64 holds its whole range). To bool: x != 0. To floats: nearest even,
// once (see common/tensor/small_float.h for those of 4 and 8 bits).
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct CastAttrs {
  int32_t saturate;        // 0 or 1
  int32_t scale_rounding;  // a ScaleRounding, for f8e8m0
};
constexpr const char* cast_attr_names = "saturate scale_rounding";

}  // namespace hone::kernels
