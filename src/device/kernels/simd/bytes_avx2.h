// Bytes from and to floats, beside simd/avx2.h.
#pragma once

#include "device/kernels/simd/avx2.h"

namespace hone::kernels::avx2 {

HONE_INLINE V load_bytes(const uint8_t* p) {
  return _mm256_cvtepi32_ps(
      _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
HONE_INLINE V load_bytes(const int8_t* p) {
  return _mm256_cvtepi32_ps(
      _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
// Whole numbers within the type's range.
HONE_INLINE __m128i words_of(V v) {
  __m256i i = _mm256_cvtps_epi32(v);
  return _mm_packs_epi32(_mm256_castsi256_si128(i), _mm256_extracti128_si256(i, 1));
}
HONE_INLINE void store_bytes(uint8_t* p, V v) {
  __m128i w = words_of(v);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(w, w));
}
HONE_INLINE void store_bytes(int8_t* p, V v) {
  __m128i w = words_of(v);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(w, w));
}

}  // namespace hone::kernels::avx2
