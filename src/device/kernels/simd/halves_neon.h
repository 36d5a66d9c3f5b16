// 16-bit floats from and to floats, beside simd/neon.h: exact one way, rounded to nearest, ties to
// even, the other.
#pragma once

#include <string.h>

#include "device/kernels/simd/halves.h"
#include "device/kernels/simd/neon.h"

namespace hone::kernels::neon {

HONE_INLINE uint16x4_t load_halves(const void* p) {
  return vld1_u16(static_cast<const uint16_t*>(p));
}
HONE_INLINE uint16x4_t load_halves(const void* p, Mask m) {
  if (m.n >= width) return load_halves(p);
  uint16_t part[width] = {};
  ::memcpy(part, p, static_cast<size_t>(m.n) * sizeof *part);
  return load_halves(part);
}
HONE_INLINE V widen(uint16x4_t v, Bf16) { return vreinterpretq_f32_u32(vshll_n_u16(v, 16)); }
HONE_INLINE V widen(uint16x4_t v, F16) { return vcvt_f32_f16(vreinterpret_f16_u16(v)); }
HONE_INLINE uint16x4_t narrow(V v, Bf16) {
  const uint32x4_t bits = vreinterpretq_u32_f32(v), high = vshrq_n_u32(bits, 16);
  const uint32x4_t odd = vandq_u32(high, vdupq_n_u32(1));
  const uint32x4_t up = vaddq_u32(vdupq_n_u32(0x7fff), odd);
  const uint32x4_t rounded = vshrq_n_u32(vaddq_u32(bits, up), 16);
  const uint32x4_t quiet = vorrq_u32(high, vdupq_n_u32(0x40));
  return vmovn_u32(vbslq_u32(vceqq_f32(v, v), rounded, quiet));
}
HONE_INLINE uint16x4_t narrow(V v, F16) { return vreinterpret_u16_f16(vcvt_f16_f32(v)); }

HONE_INLINE V load(const Bf16* p) { return widen(load_halves(p), Bf16{}); }
HONE_INLINE V load(const Bf16* p, Mask m) { return widen(load_halves(p, m), Bf16{}); }
HONE_INLINE V load(const F16* p) { return widen(load_halves(p), F16{}); }
HONE_INLINE V load(const F16* p, Mask m) { return widen(load_halves(p, m), F16{}); }
template <class H>
HONE_INLINE void store(H* p, V v) {
  vst1_u16(reinterpret_cast<uint16_t*>(p), narrow(v, H{}));
}
template <class H>
HONE_INLINE void store(H* p, V v, Mask m) {
  uint16_t part[width];
  vst1_u16(part, narrow(v, H{}));
  ::memcpy(p, part, static_cast<size_t>(m.n) * sizeof *part);
}

// Elements 0, 2, 4, ... and 1, 3, 5, ... of twice a vector's elements.
HONE_INLINE V load_even(const Bf16* p) {
  const uint32x4_t words = vreinterpretq_u32_u16(vld1q_u16(reinterpret_cast<const uint16_t*>(p)));
  return vreinterpretq_f32_u32(vshlq_n_u32(words, 16));
}
HONE_INLINE V load_odd(const Bf16* p) {
  const uint32x4_t words = vreinterpretq_u32_u16(vld1q_u16(reinterpret_cast<const uint16_t*>(p)));
  return vreinterpretq_f32_u32(vandq_u32(words, vdupq_n_u32(0xffff0000u)));
}

}  // namespace hone::kernels::neon
