// Activations that kernels apply to a value on its way out (epilogues), and the unary family's.
#pragma once

#include <cstdint>

namespace hone::kernels {

// The numbers stand in engine files: append only. a and b are the two float parameters.
enum class Act : int32_t {
  none = 0,
  relu = 1,          // max(x, 0)
  clip = 2,          // min(max(x, a), b); a or b may be infinite
  leaky_relu = 3,    // x >= 0 ? x : a x
  hard_sigmoid = 4,  // max(0, min(1, a x + b))
  hard_swish = 5,    // x max(0, min(1, x / 6 + 0.5))
  sigmoid = 6,       // 1 / (1 + exp(-x))
  silu = 7,          // x sigmoid(a x); a = 1 for SiLU, 1.702 for quick GELU
  tanh = 8,
  gelu_erf = 9,      // 0.5 x (1 + erf(x / sqrt 2))
  gelu_tanh = 10,    // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
  elu = 11,          // x >= 0 ? x : a (exp(x) - 1)
  softplus = 12,     // log(1 + exp(x))
  mish = 13,         // x tanh(softplus(x))
};
constexpr int act_count = 14;

constexpr const char* name(Act a) {
  constexpr const char* table[act_count] = {"none",      "relu",     "clip",     "leaky_relu",
                                            "hard_sigmoid", "hard_swish", "sigmoid", "silu",
                                            "tanh",      "gelu_erf", "gelu_tanh", "elu",
                                            "softplus",  "mish"};
  return static_cast<uint32_t>(a) < act_count ? table[static_cast<int>(a)] : "?";
}
constexpr bool is_valid(Act a) { return static_cast<uint32_t>(a) < act_count; }

}  // namespace hone::kernels
