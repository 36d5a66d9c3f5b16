// What simd/halves_<isa>.h wraps, of 8 floats in plain C++: the same tiles, packed alike, on any
// machine.
#pragma once

#include <cstdint>

#include "common/tensor/half.h"
#include "device/kernels/simd/halves.h"

#define HONE_INLINE static inline __attribute__((always_inline))
#define HONE_UNROLL  // nothing: its vectors are no registers

namespace hone::kernels::HONE_ISA {

constexpr int width = 8;

struct V {
  float v[width];
};
struct Mask {
  int64_t lanes;
};
HONE_INLINE Mask first_lanes(int64_t n) { return {n}; }

template <class At>
HONE_INLINE V lanes(At at) {
  V r;
  for (int i = 0; i < width; ++i) r.v[i] = at(i);
  return r;
}
HONE_INLINE float number(float v) { return v; }
HONE_INLINE float number(Bf16 v) { return bf16_to_f32(v.bits); }
HONE_INLINE float number(F16 v) { return f16_to_f32(v.bits); }

template <class T>
HONE_INLINE V load(const T* p) {
  return lanes([&](int i) { return number(p[i]); });
}
template <class T>
HONE_INLINE V load(const T* p, Mask m) {
  return lanes([&](int i) { return i < m.lanes ? number(p[i]) : 0.0f; });
}
HONE_INLINE void store(float* p, const V& v) {
  for (int i = 0; i < width; ++i) p[i] = v.v[i];
}
HONE_INLINE void store(float* p, const V& v, Mask m) {
  for (int i = 0; i < m.lanes; ++i) p[i] = v.v[i];
}
HONE_INLINE V set1(float f) {
  return lanes([&](int) { return f; });
}
HONE_INLINE V zero() { return set1(0); }
HONE_INLINE V add(const V& a, const V& b) {
  return lanes([&](int i) { return a.v[i] + b.v[i]; });
}
HONE_INLINE V fma(const V& a, const V& b, const V& c) {
  return lanes([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
}
HONE_INLINE V load_even(const Bf16* p) {
  return lanes([&](int i) { return number(p[2 * i]); });
}
HONE_INLINE V load_odd(const Bf16* p) { return load_even(p + 1); }

}  // namespace hone::kernels::HONE_ISA
