// Activations of one float in plain C++: what portable kernels apply.
#pragma once

#include <math.h>

#include "device/kernels/activation.h"

namespace hone::kernels {

// x f, where f has reached 0 (x infinite or nearly): 0 and not NaN.
inline float gated(float x, float f) { return f == 0 ? 0.0f : x * f; }
inline float scalar_sigmoid(float x) {
  float z = expf(-fabsf(x));
  return (x >= 0 ? 1.0f : z) / (1 + z);
}
// NaN passes through minima and maxima: the comparison with it is false.
inline float clamped(float x, float lo, float hi) {
  x = x < lo ? lo : x;
  return x > hi ? hi : x;
}

inline float scalar_act(Act act, float a, float b, float x) {
  switch (act) {
    case Act::none: return x;
    case Act::relu: return x < 0 ? 0 : x;
    case Act::clip: return clamped(x, a, b);
    case Act::leaky_relu: return x < 0 ? a * x : x;
    case Act::hard_sigmoid: return clamped(a * x + b, 0, 1);
    case Act::hard_swish: return gated(x, clamped(x * (1.0f / 6) + 0.5f, 0, 1));
    case Act::sigmoid: return scalar_sigmoid(x);
    case Act::silu: return gated(x, scalar_sigmoid(a * x));
    case Act::tanh: return tanhf(x);
    case Act::gelu_erf: return gated(x, 0.5f * erfcf(x * -0.70710678f));
    case Act::gelu_tanh:
      return gated(x, scalar_sigmoid(1.5957691f * (x + 0.044715f * x * x * x)));
    case Act::elu: return x < 0 ? a * expm1f(x) : x;
    case Act::softplus: return (x > 0 ? x : 0) + log1pf(expf(-fabsf(x)));
    case Act::mish: {
      float z = expf(x > 20 ? 20 : x);
      float n = z * (z + 2);
      return gated(x, n / (n + 2));
    }
  }
  return x;
}

}  // namespace hone::kernels
