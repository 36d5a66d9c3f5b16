// cast: y = x in another type, as ONNX Cast (f32/f64/f16/bf16, integers of 8 bits and more, bool).
//
//   in[0] x dense; out[0] y same shape, dense. No attributes.
// Float to integer truncates towards zero and saturates nothing in range; out of range values and
// NaN give what C++ conversion through int64_t gives, without undefined behaviour (clamped to
// int64_t first, NaN as 0; u64 holds its whole range). To bool: x != 0. To floats: nearest even,
// once.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {
constexpr const char* cast_attr_names = "";
}  // namespace hone::kernels
