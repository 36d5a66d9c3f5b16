// What elementwise, softmax and reduction kernels need beside simd/avx512.h.
#pragma once

#include "device/kernels/simd/avx512.h"

namespace hone::kernels::avx512 {

// The masked lanes, `other` elsewhere.
HONE_INLINE V load_or(const float* p, Mask m, V other) {
  return _mm512_mask_loadu_ps(other, m.lanes, p);
}
HONE_INLINE V keep(V a, Mask m) { return _mm512_maskz_mov_ps(m.lanes, a); }
HONE_INLINE V sqrt(V a) { return _mm512_sqrt_ps(a); }
HONE_INLINE V floor(V a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
HONE_INLINE V ceil(V a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}
HONE_INLINE V negate(V a) { return _mm512_xor_ps(a, set1(-0.0f)); }
// Bit i: lanes i are equal.
HONE_INLINE uint32_t equal_lanes(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
HONE_INLINE bool any_less(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ) != 0; }

// x = m 2^e with m in [sqrt(1/2), sqrt(2)), for normal x > 0.
HONE_INLINE V split_exponent(V x, V* e) {
  __m512i bits = _mm512_castps_si512(x), root = _mm512_set1_epi32(0x3f3504f3);
  __m512i n = _mm512_srai_epi32(_mm512_sub_epi32(bits, root), 23);
  *e = _mm512_cvtepi32_ps(n);
  return _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(n, 23)));
}

// Of all lanes, in one order.
HONE_INLINE float sum_lanes(V a) {
  __m256 h = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

// Sums of lanes in double.
struct Wide {
  __m512d lo, hi;
};
HONE_INLINE Wide wide_zero() { return {_mm512_setzero_pd(), _mm512_setzero_pd()}; }
HONE_INLINE Wide wide_add(Wide w, V v) {
  return {_mm512_add_pd(w.lo, _mm512_cvtps_pd(_mm512_castps512_ps256(v))),
          _mm512_add_pd(w.hi, _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)))};
}
HONE_INLINE void wide_store(double* to, Wide w) {
  _mm512_storeu_pd(to, w.lo);
  _mm512_storeu_pd(to + 8, w.hi);
}

}  // namespace hone::kernels::avx512
