// Vector of 16 floats for AVX-512 F, the names that simd/*.inl.h are written in. Everything is
// always inlined: an ISA object must not offer the linker a function of its own.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define HONE_INLINE static inline __attribute__((always_inline))

namespace hone::kernels::avx512 {

using V = __m512;
constexpr int width = 16;
constexpr int registers = 32;

// The first n lanes, 0 <= n <= width.
struct Mask {
  __mmask16 lanes;
};
HONE_INLINE Mask first_lanes(int64_t n) { return {static_cast<__mmask16>((1u << n) - 1)}; }

HONE_INLINE V load(const float* p) { return _mm512_loadu_ps(p); }
HONE_INLINE V load(const float* p, Mask m) { return _mm512_maskz_loadu_ps(m.lanes, p); }
HONE_INLINE void store(float* p, V v) { _mm512_storeu_ps(p, v); }
HONE_INLINE void store(float* p, V v, Mask m) { _mm512_mask_storeu_ps(p, m.lanes, v); }
HONE_INLINE V set1(float f) { return _mm512_set1_ps(f); }
HONE_INLINE V zero() { return _mm512_setzero_ps(); }

// p[index[i]] for the masked lanes where index[i] >= 0, `other` elsewhere. Unmasked indices are not
// read.
HONE_INLINE V gather(const float* p, const int32_t* index, Mask m, float other) {
  __m512i at = _mm512_maskz_loadu_epi32(m.lanes, index);
  __mmask16 wanted = _mm512_mask_cmpge_epi32_mask(m.lanes, at, _mm512_setzero_si512());
  return _mm512_mask_i32gather_ps(set1(other), wanted, at, p, 4);
}

// Numbers of lanes, one for each lane of a result.
struct Lanes {
  __m512i at;
};
// Lanes lie in groups of `to`, a power of 2: for each the first of its group in a vector whose
// groups are of `from`.
HONE_INLINE Lanes first_of_groups(int to, int from) {
  const int32_t shift = __builtin_ctz(static_cast<unsigned>(to));
  const __m512i all = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i group = _mm512_srl_epi32(all, _mm_cvtsi32_si128(shift));
  return {_mm512_mullo_epi32(group, _mm512_set1_epi32(from))};
}
HONE_INLINE Lanes next(Lanes l) { return {_mm512_add_epi32(l.at, _mm512_set1_epi32(1))}; }
HONE_INLINE V spread(V v, Lanes from) { return _mm512_permutexvar_ps(from.at, v); }

HONE_INLINE V add(V a, V b) { return _mm512_add_ps(a, b); }
HONE_INLINE V sub(V a, V b) { return _mm512_sub_ps(a, b); }
HONE_INLINE V mul(V a, V b) { return _mm512_mul_ps(a, b); }
HONE_INLINE V div(V a, V b) { return _mm512_div_ps(a, b); }
HONE_INLINE V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
// a > b ? a : b and a < b ? a : b, so b where one of them is NaN.
HONE_INLINE V max(V a, V b) { return _mm512_max_ps(a, b); }
HONE_INLINE V min(V a, V b) { return _mm512_min_ps(a, b); }
HONE_INLINE V abs(V a) { return _mm512_andnot_ps(set1(-0.0f), a); }
HONE_INLINE V sign_of(V a) { return _mm512_and_ps(set1(-0.0f), a); }
HONE_INLINE V with_sign(V magnitude, V sign) { return _mm512_or_ps(magnitude, sign); }
HONE_INLINE V round(V a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// a 2^n for integral n, denormal results included.
HONE_INLINE V scale(V a, V n) { return _mm512_scalef_ps(a, n); }
HONE_INLINE V if_less(V a, V b, V yes, V no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
HONE_INLINE V if_equal(V a, V b, V yes, V no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ), no, yes);
}

// One factor of many products.
using Factor = V;
HONE_INLINE Factor factor(const float* p) { return set1(*p); }

}  // namespace hone::kernels::avx512
