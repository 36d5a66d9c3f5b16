// cut: every step-th element of each axis, forwards or backwards.
//
//   in[0]  x  any type of >= 8 bits, dense
//   out[0] y  same type and rank, dense
//
// dims: for each axis the first element taken, then for each axis the step, below 0 backwards. What
// y holds must lie in x.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {
constexpr const char* cut_attr_names = "";
}  // namespace hone::kernels
