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

struct Bytes32 {
  static constexpr int width = 32;
  __m256i v;
};
HONE_INLINE Bytes32 load_bytes(const void* p, Bytes32) {
  return {_mm256_loadu_si256(static_cast<const __m256i*>(p))};
}
HONE_INLINE void store_bytes(void* p, Bytes32 b) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), b.v);
}
HONE_INLINE Bytes32 larger(Bytes32 a, Bytes32 b, uint8_t) { return {_mm256_max_epu8(a.v, b.v)}; }
HONE_INLINE Bytes32 larger(Bytes32 a, Bytes32 b, int8_t) { return {_mm256_max_epi8(a.v, b.v)}; }
using WidestBytes = Bytes32;

}  // namespace hone::kernels::avx2
