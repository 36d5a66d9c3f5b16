// random: numbers that are a function of a seed and their place, SplitMix64 counted up: the same in
// every run, on every machine and for any number of threads.
//
//   in[0]  p  f32 or f64, dense, y's shape: the chances (bernoulli only)
//   out[0] y  dense; f32 or f64 (uniform, normal), bool (bernoulli: true with chance p)
//
// Number i of y takes draw i of the sequence (normal: 2 i and 2 i + 1, by Box and Muller). uniform:
// a + (b - a) u; normal: a + b n.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

enum class Random : int32_t { uniform = 0, normal = 1, bernoulli = 2 };

struct RandomAttrs {
  Random kind;
  uint32_t seed_lo, seed_hi;
  float a, b;
};
constexpr const char* random_attr_names = "kind seed_lo seed_hi *a *b";

// Draw `i` of a sequence, in [0, 1): SplitMix64 (Steele, Lea, Flood 2014).
inline double random_draw(uint64_t seed, uint64_t i) {
  uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

}  // namespace hone::kernels
