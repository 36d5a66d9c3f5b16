// range: y[i] = start + i delta.
//
//   in[0] start, in[1] delta  one element each, y's type
//   out[0] y  [n], dense; f32, f64, i16, i32, i64. No attributes.
//
// Integers wrap. Floats are computed in double and rounded once.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {
constexpr const char* range_attr_names = "";
}  // namespace hone::kernels
