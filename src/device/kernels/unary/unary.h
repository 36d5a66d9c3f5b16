// unary: y = f(x) element by element.
//
//   in[0]  x  [any shape], dense
//   out[0] y  same shape, dense. Type of x, but bool for is_nan, is_inf.
//          May share memory with x where the types are of one size.
//
// f32 is fast; other types (f64, integers where the function makes sense) are portable. `op` is
// an Act below 64, else an Unary.
#pragma once

#include "device/kernels/activation.h"
#include "device/kernels/kernel.h"

namespace hone::kernels {

// Append only. Numbers start at 64 so that activations share the field.
enum class Unary : int32_t {
  neg = 64,
  abs,
  sqrt,
  reciprocal,
  exp,
  log,
  erf,
  floor,
  ceil,
  round_even,
  sign,
  logical_not,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  asinh,
  acosh,
  atanh,
  is_nan,
  is_inf,  // is_inf: a != 0 detects +inf, b != 0 detects -inf
  softsign,
  bitwise_not,
  selu,              // b (x >= 0 ? x : a (exp(x) - 1)); a = alpha, b = gamma
  celu,              // max(0, x) + min(0, a (exp(x / a) - 1))
  thresholded_relu,  // x > a ? x : 0
  shrink,            // x < -a ? x + b : x > a ? x - b : 0 (a = lambd, b = bias)
};
constexpr int unary_end = static_cast<int>(Unary::shrink) + 1;

struct UnaryAttrs {
  int32_t op;
  float a, b;
};
constexpr const char* unary_attr_names = "op *a *b";

}  // namespace hone::kernels
