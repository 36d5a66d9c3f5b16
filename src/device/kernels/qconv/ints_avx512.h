// Vectors of 16 sums of 32 bits for AVX-512, with VNNI where the file is compiled for it: what
// qconv's kernels are written in.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#define HONE_INLINE static inline __attribute__((always_inline))

namespace hone::kernels::HONE_ISA {

using I = __m512i;
constexpr int width = 16;

HONE_INLINE I load_ints(const int32_t* p) { return _mm512_loadu_si512(p); }
HONE_INLINE void store_ints(int32_t* p, I v) { _mm512_storeu_si512(p, v); }
// Every lane the pair of words at p.
HONE_INLINE I set_pair(const int16_t* p) {
  int32_t pair;
  memcpy(&pair, p, 4);
  return _mm512_set1_epi32(pair);
}
HONE_INLINE I set_int(int32_t v) { return _mm512_set1_epi32(v); }
// A pair of bytes for each lane, as words.
HONE_INLINE I load_pairs(const int8_t* p) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
HONE_INLINE I load_bytes(const uint8_t* p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
HONE_INLINE I load_bytes(const int8_t* p) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
// The first n of them, 0 in the other lanes; no other memory is read or written.
HONE_INLINE __mmask16 first_of(int64_t n) { return static_cast<__mmask16>((1u << n) - 1); }
HONE_INLINE I load_first_bytes(const uint8_t* p, int64_t n) {
  return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(first_of(n), p));
}
HONE_INLINE I load_first_bytes(const int8_t* p, int64_t n) {
  return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first_of(n), p));
}
HONE_INLINE void store_first_bytes(uint8_t* p, I v, int64_t n) {
  _mm512_mask_cvtepi32_storeu_epi8(p, first_of(n), v);
}
// Words into the lower halves of lanes whose upper halves are 0.
HONE_INLINE I load_lower_words(const int16_t* p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
HONE_INLINE I sub_words(I a, I b) { return _mm512_sub_epi16(a, b); }
HONE_INLINE I sub_ints(I a, I b) { return _mm512_sub_epi32(a, b); }
// sum + a0 b0 + a1 b1 of words: exact.
HONE_INLINE I dot(I sum, I a, I b) {
#ifdef __AVX512VNNI__
  return _mm512_dpwssd_epi32(sum, a, b);
#else
  return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
#endif
}

// saturate(round(sum scale) + zero).
HONE_INLINE I requantised_floats(__m512 sum, const float* scale, float zero, float lowest,
                                 float highest) {
  __m512 v = _mm512_mul_ps(sum, _mm512_loadu_ps(scale));
  v = _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  v = _mm512_max_ps(_mm512_add_ps(v, _mm512_set1_ps(zero)), _mm512_set1_ps(lowest));  // NaN too
  return _mm512_cvtps_epi32(_mm512_min_ps(v, _mm512_set1_ps(highest)));
}
HONE_INLINE I requantised(I sum, const float* scale, float zero, float lowest, float highest) {
  return requantised_floats(_mm512_cvtepi32_ps(sum), scale, zero, lowest, highest);
}
// The same of sum + bias, which may leave 32 bits: exact in double, rounded to f32 once.
HONE_INLINE I requantised_apart(I sum, const int32_t* bias, const float* scale, float zero,
                                float lowest, float highest) {
  int32_t sums[width];
  float floats[width];
  store_ints(sums, sum);
  for (int i = 0; i < width; ++i) {
    floats[i] = static_cast<float>(static_cast<double>(sums[i]) + static_cast<double>(bias[i]));
  }
  return requantised_floats(_mm512_loadu_ps(floats), scale, zero, lowest, highest);
}
// The lowest byte of each lane.
HONE_INLINE void store_bytes(uint8_t* p, I v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v));
}

}  // namespace hone::kernels::HONE_ISA
