// copy: y = x, where both are any views of the same shape: transposes, slices, concatenation (into
// a view of the result), broadcasting (stride 0 on x), layout changes.
//
//   in[0]  x  any type of >= 8 bits, any strides (>= 0)
//   out[0] y  same type and shape, any strides without overlap
//
// Negative steps (reversed slices): attrs.flip has bit i set where axis i of x is read backwards;
// x's strides stay positive, and index j of that axis reads element size - 1 - j.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct CopyAttrs {
  uint32_t flip;
};
constexpr const char* copy_attr_names = "flip";

}  // namespace hone::kernels
