// Activations in double precision, straight from activation.h: the reference of kernel tests.
#pragma once

#include <cmath>

#include "device/kernels/activation.h"

namespace hone::kernels::testing {

inline double reference_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double reference_softplus(double x) {
  return std::isnan(x) ? x : std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x)));
}
// x f where f tends to 0 faster than x to -inf: the limit at -inf is 0, not NaN.
inline double reference_gated(double x, double f) { return f == 0 ? 0.0 : x * f; }

inline double reference_act(Act act, double x, double a, double b) {
  if (std::isnan(x)) return x;
  switch (act) {
    case Act::none: return x;
    case Act::relu: return std::fmax(x, 0);
    case Act::clip: return std::fmin(std::fmax(x, a), b);
    case Act::leaky_relu: return x >= 0 ? x : a * x;
    case Act::hard_sigmoid: return std::fmax(0, std::fmin(1, a * x + b));
    case Act::hard_swish: return reference_gated(x, std::fmax(0, std::fmin(1, x / 6 + 0.5)));
    case Act::sigmoid: return reference_sigmoid(x);
    case Act::silu: return reference_gated(x, reference_sigmoid(a * x));
    case Act::tanh: return std::tanh(x);
    case Act::gelu_erf: return reference_gated(x, 0.5 * std::erfc(-x / std::sqrt(2.0)));
    case Act::gelu_tanh:
      return reference_gated(x, reference_sigmoid(2 * std::sqrt(2 / M_PI) *
                                                  (x + 0.044715 * x * x * x)));
    case Act::elu: return x >= 0 ? x : a * std::expm1(x);
    case Act::softplus: return reference_softplus(x);
    case Act::mish: return reference_gated(x, std::tanh(reference_softplus(x)));
  }
  return x;
}

}  // namespace hone::kernels::testing
