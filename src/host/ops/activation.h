// Activations by their numbers, in double: what the references of Hone's own operators share.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "device/kernels/activation.h"

namespace hone::ops {

struct Activation {
  kernels::Act act = kernels::Act::none;
  double a = 0, b = 0;

  double operator()(double x) const {
    using kernels::Act;
    switch (act) {
      case Act::none: return x;
      case Act::relu: return x < 0 ? 0 : x;
      case Act::clip: return std::min(std::max(x, a), b);
      case Act::leaky_relu: return x >= 0 ? x : a * x;
      case Act::hard_sigmoid: return std::max(0.0, std::min(1.0, a * x + b));
      case Act::hard_swish: return x * std::max(0.0, std::min(1.0, x / 6 + 0.5));
      case Act::sigmoid: return 1 / (1 + std::exp(-x));
      case Act::silu: return x / (1 + std::exp(-a * x));
      case Act::tanh: return std::tanh(x);
      case Act::gelu_erf: return 0.5 * x * (1 + std::erf(x * 0.70710678118654752440));
      case Act::gelu_tanh:
        return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
      case Act::elu: return x >= 0 ? x : a * std::expm1(x);
      case Act::softplus: return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
      case Act::mish: return x * std::tanh(std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))));
    }
    return x;
  }
};

// The one of this name ("relu"); nullopt where there is none.
inline std::optional<kernels::Act> find_activation(std::string_view name) {
  for (int i = 0; i < kernels::act_count; ++i) {
    if (name == kernels::name(static_cast<kernels::Act>(i))) return static_cast<kernels::Act>(i);
  }
  return std::nullopt;
}

}  // namespace hone::ops
