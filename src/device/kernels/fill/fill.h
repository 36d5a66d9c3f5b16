// fill: y from nothing but the step itself.
//
//   out[0] y  any type of >= 8 bits, dense
//
// mode value: every element is the little-endian value in attrs lo, hi (as many bytes as the type
// has). mode dims: y is i64 or i32 and element i is dims[i] (the shape of this run as data).
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

enum class Fill : int32_t { value = 0, dims = 1 };

struct FillAttrs {
  Fill mode;
  int32_t lo, hi;
};
constexpr const char* fill_attr_names = "mode lo hi";

}  // namespace hone::kernels
