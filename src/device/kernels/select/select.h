// select: y = c ? a : b with NumPy broadcasting (ONNX Where).
//
//   in[0] c bool, in[1] a, in[2] b (same type, any fixed-width type of >= 8 bits); all dense
//   out[0] y dense. No attributes.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {
constexpr const char* select_attr_names = "";
}  // namespace hone::kernels
