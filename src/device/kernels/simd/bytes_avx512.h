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

// Bytes as they are, `width` at a time.
struct Bytes16 {
  static constexpr int width = 16;
  __m128i v;
};
HONE_INLINE Bytes16 load_bytes(const void* p, Bytes16) {
  return {_mm_loadu_si128(static_cast<const __m128i*>(p))};
}
HONE_INLINE void store_bytes(void* p, Bytes16 b) {
  _mm_storeu_si128(static_cast<__m128i*>(p), b.v);
}
HONE_INLINE Bytes16 larger(Bytes16 a, Bytes16 b, uint8_t) { return {_mm_max_epu8(a.v, b.v)}; }
HONE_INLINE Bytes16 larger(Bytes16 a, Bytes16 b, int8_t) { return {_mm_max_epi8(a.v, b.v)}; }

struct Bytes64 {
  static constexpr int width = 64;
  __m512i v;
};
HONE_INLINE Bytes64 load_bytes(const void* p, Bytes64) { return {_mm512_loadu_si512(p)}; }
HONE_INLINE void store_bytes(void* p, Bytes64 b) { _mm512_storeu_si512(p, b.v); }
HONE_INLINE Bytes64 larger(Bytes64 a, Bytes64 b, uint8_t) { return {_mm512_max_epu8(a.v, b.v)}; }
HONE_INLINE Bytes64 larger(Bytes64 a, Bytes64 b, int8_t) { return {_mm512_max_epi8(a.v, b.v)}; }
using WidestBytes = Bytes64;

}  // namespace hone::kernels::avx512
