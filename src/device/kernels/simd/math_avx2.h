// What elementwise, softmax and reduction kernels need beside simd/avx2.h.
#pragma once

#include "device/kernels/simd/avx2.h"

namespace hone::kernels::avx2 {

// The masked lanes, `other` elsewhere.
HONE_INLINE V load_or(const float* p, Mask m, V other) {
  return _mm256_blendv_ps(other, load(p, m), _mm256_castsi256_ps(m.lanes));
}
HONE_INLINE V keep(V a, Mask m) { return _mm256_and_ps(a, _mm256_castsi256_ps(m.lanes)); }
HONE_INLINE V sqrt(V a) { return _mm256_sqrt_ps(a); }
HONE_INLINE V floor(V a) { return _mm256_floor_ps(a); }
HONE_INLINE V ceil(V a) { return _mm256_ceil_ps(a); }
HONE_INLINE V negate(V a) { return _mm256_xor_ps(a, set1(-0.0f)); }
// Bit i: lanes i are equal.
HONE_INLINE uint32_t equal_lanes(V a, V b) {
  return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_EQ_OQ)));
}
HONE_INLINE bool any_less(V a, V b) {
  return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_LT_OQ)) != 0;
}

// x = m 2^e with m in [sqrt(1/2), sqrt(2)), for normal x > 0.
HONE_INLINE V split_exponent(V x, V* e) {
  __m256i bits = _mm256_castps_si256(x), root = _mm256_set1_epi32(0x3f3504f3);
  __m256i n = _mm256_srai_epi32(_mm256_sub_epi32(bits, root), 23);
  *e = _mm256_cvtepi32_ps(n);
  return _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(n, 23)));
}

// Of all lanes, in one order.
HONE_INLINE float sum_lanes(V a) {
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

// Sums of lanes in double.
struct Wide {
  __m256d lo, hi;
};
HONE_INLINE Wide wide_zero() { return {_mm256_setzero_pd(), _mm256_setzero_pd()}; }
HONE_INLINE Wide wide_add(Wide w, V v) {
  return {_mm256_add_pd(w.lo, _mm256_cvtps_pd(_mm256_castps256_ps128(v))),
          _mm256_add_pd(w.hi, _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)))};
}
HONE_INLINE void wide_store(double* to, Wide w) {
  _mm256_storeu_pd(to, w.lo);
  _mm256_storeu_pd(to + 4, w.hi);
}

}  // namespace hone::kernels::avx2
