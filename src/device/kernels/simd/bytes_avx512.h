// Bytes from and to floats, beside simd/avx512.h.
#pragma once

#include "device/kernels/simd/avx512.h"

namespace hone::kernels::avx512 {

HONE_INLINE V load_bytes(const uint8_t* p) {
  return _mm512_cvtepi32_ps(
      _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
HONE_INLINE V load_bytes(const int8_t* p) {
  return _mm512_cvtepi32_ps(
      _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
// Whole numbers within the type's range.
HONE_INLINE void store_bytes(uint8_t* p, V v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
}
HONE_INLINE void store_bytes(int8_t* p, V v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
}

}  // namespace hone::kernels::avx512
