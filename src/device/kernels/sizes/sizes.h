// sizes: what operands come to that are known only when they are read, as whole numbers, from which
// the plan measures sizes, windows and scales.
//
//   out[0]  i64 [1 + n], dense: 1 where the operands make sense, and n numbers; else only zeros
//
//   slice   in starts, ends, axes, steps [k], i32 or i64, the last two optional; dims: x's shape.
//           For each axis of x: the size; the axis's less the first element taken; the axis's less
//           the step's width, plus 1; 1 forwards, 0 backwards. None is larger than of the whole x.
//   range   in start, limit, delta: one each, all of one type. The number of elements.
//   scales  in scales f32 [k]; dims: sizes of the k axes. Sizes scaled, none of which may become 0,
//           then the scales' bits taken from the largest float's, 0x7f7fffff.
//   aspect  in sizes [k], i32 or i64; dims likewise; mode 1: not larger, 2: not smaller. Sizes of
//           one scale, then that as a fraction of two numbers.
//   floats  in x f32 [k]: the bits of its elements, none of which may be NaN.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

// Append only.
enum class Sizes : int32_t { slice = 0, range, scales, aspect, floats };
constexpr int sizes_end = static_cast<int>(Sizes::floats) + 1;

struct SizesAttrs {
  Sizes op;
  int32_t mode;  // of aspect
};
constexpr const char* sizes_attr_names = "op mode";

}  // namespace hone::kernels
