// Vector of 4 floats for NEON, the names that simd/*.inl.h are written in. Everything is always
// inlined: an ISA object must not offer the linker a function of its own.
#pragma once

#include <arm_neon.h>

#include <cstdint>

#define HONE_INLINE static inline __attribute__((always_inline))

namespace hone::kernels::neon {

using V = float32x4_t;
constexpr int width = 4;
constexpr int registers = 32;

// The first n lanes, 0 <= n <= width. NEON has no masked moves: a branch on the number instead.
struct Mask {
  int32_t n;
};
HONE_INLINE Mask first_lanes(int64_t n) { return {static_cast<int32_t>(n)}; }
// All bits of the masked lanes.
HONE_INLINE uint32x4_t lanes_below(Mask m) {
  alignas(16) static constexpr int32_t index[width] = {0, 1, 2, 3};
  return vcltq_s32(vld1q_s32(index), vdupq_n_s32(m.n));
}

HONE_INLINE V set1(float f) { return vdupq_n_f32(f); }
HONE_INLINE V zero() { return vdupq_n_f32(0); }
HONE_INLINE V load(const float* p) { return vld1q_f32(p); }
// 0 in the other lanes; no other memory is read.
HONE_INLINE V load(const float* p, Mask m) {
  if (m.n >= width) return load(p);
  V v = zero();
  if (m.n >= 2) {
    v = vcombine_f32(vld1_f32(p), vdup_n_f32(0));
    if (m.n == 3) v = vld1q_lane_f32(p + 2, v, 2);
  } else if (m.n == 1) {
    v = vld1q_lane_f32(p, v, 0);
  }
  return v;
}
HONE_INLINE void store(float* p, V v) { vst1q_f32(p, v); }
HONE_INLINE void store(float* p, V v, Mask m) {
  if (m.n >= width) return store(p, v);
  if (m.n >= 2) {
    vst1_f32(p, vget_low_f32(v));
    if (m.n == 3) vst1q_lane_f32(p + 2, v, 2);
  } else if (m.n == 1) {
    vst1q_lane_f32(p, v, 0);
  }
}

// p[index[i]] for the masked lanes where index[i] >= 0, `other` elsewhere. Unmasked indices are not
// read.
HONE_INLINE V gather(const float* p, const int32_t* index, Mask m, float other) {
  float part[width] = {other, other, other, other};
  for (int i = 0; i < m.n; ++i) {
    if (index[i] >= 0) part[i] = p[index[i]];
  }
  return load(part);
}

// Numbers of lanes, one for each lane of a result: those of their bytes.
struct Lanes {
  uint8x16_t at;
};
// Lanes lie in groups of `to`, a power of 2: for each the first of its group in a vector whose
// groups are of `from`.
HONE_INLINE Lanes first_of_groups(int to, int from) {
  alignas(16) static constexpr uint32_t index[width] = {0, 1, 2, 3};
  const int32_t shift = __builtin_ctz(static_cast<unsigned>(to));
  const uint32x4_t group = vshlq_u32(vld1q_u32(index), vdupq_n_s32(-shift));
  const uint32x4_t lane = vmulq_u32(group, vdupq_n_u32(static_cast<uint32_t>(from)));
  // Each byte of a lane: 4 lane + 0 .. 3.
  const uint32x4_t bytes = vmlaq_u32(vdupq_n_u32(0x03020100), lane, vdupq_n_u32(0x04040404));
  return {vreinterpretq_u8_u32(bytes)};
}
HONE_INLINE Lanes next(Lanes l) { return {vaddq_u8(l.at, vdupq_n_u8(4))}; }
HONE_INLINE V spread(V v, Lanes from) {
  return vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(v), from.at));
}

HONE_INLINE V add(V a, V b) { return vaddq_f32(a, b); }
HONE_INLINE V sub(V a, V b) { return vsubq_f32(a, b); }
HONE_INLINE V mul(V a, V b) { return vmulq_f32(a, b); }
HONE_INLINE V div(V a, V b) { return vdivq_f32(a, b); }
HONE_INLINE V fma(V a, V b, V c) { return vfmaq_f32(c, a, b); }
// a > b ? a : b and a < b ? a : b, so b where one of them is NaN; FMAX and FMIN give the NaN.
HONE_INLINE V max(V a, V b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
HONE_INLINE V min(V a, V b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
HONE_INLINE V abs(V a) { return vabsq_f32(a); }
HONE_INLINE uint32x4_t sign_bit() { return vdupq_n_u32(0x80000000u); }
HONE_INLINE V sign_of(V a) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a), sign_bit()));
}
HONE_INLINE V with_sign(V magnitude, V sign) {
  return vreinterpretq_f32_u32(
      vorrq_u32(vreinterpretq_u32_f32(magnitude), vreinterpretq_u32_f32(sign)));
}
HONE_INLINE V round(V a) { return vrndnq_f32(a); }
// a 2^n for integral n in [-252, 252], in two steps so that denormal results are right.
HONE_INLINE V scale(V a, V n) {
  const int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1);
  const int32x4_t rest = vsubq_s32(whole, half), one = vdupq_n_s32(127);
  const V low = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(half, one), 23));
  const V high = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(rest, one), 23));
  return mul(mul(a, low), high);
}
HONE_INLINE V if_less(V a, V b, V yes, V no) { return vbslq_f32(vcltq_f32(a, b), yes, no); }
HONE_INLINE V if_equal(V a, V b, V yes, V no) { return vbslq_f32(vceqq_f32(a, b), yes, no); }

// One factor of many products: an element of a register, which FMLA takes as it is.
using Factor = float;
HONE_INLINE Factor factor(const float* p) { return *p; }
HONE_INLINE V fma(Factor a, V b, V c) { return vfmaq_n_f32(c, b, a); }

}  // namespace hone::kernels::neon
