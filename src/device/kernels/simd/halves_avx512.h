// 16-bit floats from and to floats, beside simd/avx512.h: exact one way, rounded to nearest, ties
// to even, the other.
#pragma once

#include "device/kernels/simd/avx512.h"
#include "device/kernels/simd/halves.h"

namespace hone::kernels::avx512 {

HONE_INLINE __m256i load_halves(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
HONE_INLINE __m256i load_halves(const void* p, Mask m) {
  return _mm256_maskz_loadu_epi16(m.lanes, p);
}
HONE_INLINE V widen(__m256i v, Bf16) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
}
HONE_INLINE V widen(__m256i v, F16) { return _mm512_cvtph_ps(v); }
#ifdef __AVX512BF16__
// Subnormal values become 0.
HONE_INLINE __m256i narrow(V v, Bf16) { return (__m256i)_mm512_cvtneps_pbh(v); }
#else
HONE_INLINE __m256i narrow(V v, Bf16) {
  const __m512i bits = _mm512_castps_si512(v), one = _mm512_set1_epi32(1);
  const __m512i high = _mm512_srli_epi32(bits, 16), odd = _mm512_and_si512(high, one);
  const __m512i up = _mm512_add_epi32(_mm512_set1_epi32(0x7fff), odd);
  const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, up), 16);
  const __m512i quiet = _mm512_or_si512(high, _mm512_set1_epi32(0x40));
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(_mm512_mask_blend_epi32(nan, rounded, quiet));
}
#endif
HONE_INLINE __m256i narrow(V v, F16) {
  return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

HONE_INLINE V load(const Bf16* p) { return widen(load_halves(p), Bf16{}); }
HONE_INLINE V load(const Bf16* p, Mask m) { return widen(load_halves(p, m), Bf16{}); }
HONE_INLINE V load(const F16* p) { return widen(load_halves(p), F16{}); }
HONE_INLINE V load(const F16* p, Mask m) { return widen(load_halves(p, m), F16{}); }
template <class H>
HONE_INLINE void store(H* p, V v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(v, H{}));
}
template <class H>
HONE_INLINE void store(H* p, V v, Mask m) {
  _mm256_mask_storeu_epi16(p, m.lanes, narrow(v, H{}));
}

// Elements 0, 2, 4, ... and 1, 3, 5, ... of twice a vector's elements.
HONE_INLINE V load_even(const Bf16* p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16));
}
HONE_INLINE V load_odd(const Bf16* p) {
  const __m512i high = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
  return _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), high));
}

}  // namespace hone::kernels::avx512
