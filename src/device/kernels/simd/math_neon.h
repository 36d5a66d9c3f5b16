// What elementwise, softmax and reduction kernels need beside simd/neon.h.
#pragma once

#include "device/kernels/simd/neon.h"

namespace hone::kernels::neon {

// The masked lanes, `other` elsewhere.
HONE_INLINE V load_or(const float* p, Mask m, V other) {
  if (m.n >= width) return load(p);
  return vbslq_f32(lanes_below(m), load(p, m), other);
}
HONE_INLINE V keep(V a, Mask m) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a), lanes_below(m)));
}
HONE_INLINE V sqrt(V a) { return vsqrtq_f32(a); }
HONE_INLINE V floor(V a) { return vrndmq_f32(a); }
HONE_INLINE V ceil(V a) { return vrndpq_f32(a); }
HONE_INLINE V negate(V a) { return vnegq_f32(a); }
// Bit i: lanes i are equal.
HONE_INLINE uint32_t equal_lanes(V a, V b) {
  alignas(16) static constexpr uint32_t bits[width] = {1, 2, 4, 8};
  return vaddvq_u32(vandq_u32(vceqq_f32(a, b), vld1q_u32(bits)));
}
HONE_INLINE bool any_less(V a, V b) { return vmaxvq_u32(vcltq_f32(a, b)) != 0; }

// x = m 2^e with m in [sqrt(1/2), sqrt(2)), for normal x > 0.
HONE_INLINE V split_exponent(V x, V* e) {
  const int32x4_t bits = vreinterpretq_s32_f32(x), root = vdupq_n_s32(0x3f3504f3);
  const int32x4_t n = vshrq_n_s32(vsubq_s32(bits, root), 23);
  *e = vcvtq_f32_s32(n);
  return vreinterpretq_f32_s32(vsubq_s32(bits, vshlq_n_s32(n, 23)));
}

// Of all lanes, in one order.
HONE_INLINE float sum_lanes(V a) {
  const float32x2_t pair = vadd_f32(vget_low_f32(a), vget_high_f32(a));
  return vget_lane_f32(pair, 0) + vget_lane_f32(pair, 1);
}

// Sums of lanes in double.
struct Wide {
  float64x2_t lo, hi;
};
HONE_INLINE Wide wide_zero() { return {vdupq_n_f64(0), vdupq_n_f64(0)}; }
HONE_INLINE Wide wide_add(Wide w, V v) {
  return {vaddq_f64(w.lo, vcvt_f64_f32(vget_low_f32(v))), vaddq_f64(w.hi, vcvt_high_f64_f32(v))};
}
HONE_INLINE void wide_store(double* to, Wide w) {
  vst1q_f64(to, w.lo);
  vst1q_f64(to + 2, w.hi);
}

}  // namespace hone::kernels::neon
