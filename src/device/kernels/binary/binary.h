// binary: y = act(f(a, b)) with NumPy broadcasting.
//
//   in[0]  a  [dims that broadcast to y's], dense
//   in[1]  b  likewise; same type as a
//   out[0] y  dense; may share memory with an operand of y's own shape and element size.
//             Type of a, bool for comparisons and logical operators.
//
// act is applied for f32 only (Act::none otherwise). Of bf16 and f16 there are add, sub and mul,
// computed in f32 and rounded once. Integer division truncates towards zero, an
// integer divided by 0 gives 0. Shifts by >= width, and by less than 0, shift every bit out: what
// comes in is 0, to the right the sign. mod: sign of the divisor; fmod: of the dividend, for floats
// and integers.
#pragma once

#include "device/kernels/activation.h"
#include "device/kernels/kernel.h"

namespace hone::kernels {

// Append only.
enum class Binary : int32_t {
  add = 0,
  sub,
  mul,
  div,
  min,
  max,
  pow,
  mod,
  fmod,
  prelu,  // a >= 0 ? a : a b
  equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  logical_xor,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  shift_left,
  shift_right,
};
constexpr int binary_end = static_cast<int>(Binary::shift_right) + 1;

struct BinaryAttrs {
  Binary op;
  Act act;
  float act_a, act_b;
};
constexpr const char* binary_attr_names = "op act *act_a *act_b";

}  // namespace hone::kernels
