// Vectors of 8 sums of 32 bits for AVX2: what qconv's kernels are written in.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#define HONE_INLINE static inline __attribute__((always_inline))

namespace hone::kernels::HONE_ISA {

using I = __m256i;
constexpr int width = 8;

HONE_INLINE I load_ints(const int32_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
HONE_INLINE void store_ints(int32_t* p, I v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
}
// Every lane the pair of words at p.
HONE_INLINE I set_pair(const int16_t* p) {
  int32_t pair;
  memcpy(&pair, p, 4);
  return _mm256_set1_epi32(pair);
}
HONE_INLINE I set_int(int32_t v) { return _mm256_set1_epi32(v); }
// A pair of bytes for each lane, as words.
HONE_INLINE I load_pairs(const int8_t* p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
HONE_INLINE I load_bytes(const uint8_t* p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
HONE_INLINE I load_bytes(const int8_t* p) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
// Words into the lower halves of lanes whose upper halves are 0.
HONE_INLINE I load_lower_words(const int16_t* p) {
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
HONE_INLINE I sub_words(I a, I b) { return _mm256_sub_epi16(a, b); }
HONE_INLINE I sub_ints(I a, I b) { return _mm256_sub_epi32(a, b); }
// sum + a0 b0 + a1 b1 of words: exact.
HONE_INLINE I dot(I sum, I a, I b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }

// saturate(round(sum scale) + zero).
HONE_INLINE I requantised_floats(__m256 sum, const float* scale, float zero, float lowest,
                                 float highest) {
  __m256 v = _mm256_mul_ps(sum, _mm256_loadu_ps(scale));
  v = _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  v = _mm256_max_ps(_mm256_add_ps(v, _mm256_set1_ps(zero)), _mm256_set1_ps(lowest));  // NaN too
  return _mm256_cvtps_epi32(_mm256_min_ps(v, _mm256_set1_ps(highest)));
}
HONE_INLINE I requantised(I sum, const float* scale, float zero, float lowest, float highest) {
  return requantised_floats(_mm256_cvtepi32_ps(sum), scale, zero, lowest, highest);
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
  return requantised_floats(_mm256_loadu_ps(floats), scale, zero, lowest, highest);
}
// The lowest byte of each lane.
HONE_INLINE void store_bytes(uint8_t* p, I v) {
  const __m256i lowest = _mm256_set1_epi32(0x0c080400);
  v = _mm256_shuffle_epi8(v, lowest);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p),
                   _mm_unpacklo_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
}

// The first n < 8 of them, 0 in the other lanes; no other memory is read or written. In a register:
// a load of what was stored byte by byte would wait for all of it.
HONE_INLINE uint64_t first_bytes(const uint8_t* p, int64_t n) {
  uint64_t word = 0;
  for (int64_t i = 0; i < n; ++i) word |= static_cast<uint64_t>(p[i]) << (8 * i);
  return word;
}
HONE_INLINE I load_first_bytes(const uint8_t* p, int64_t n) {
  return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(first_bytes(p, n))));
}
HONE_INLINE I load_first_bytes(const int8_t* p, int64_t n) {
  const uint64_t word = first_bytes(reinterpret_cast<const uint8_t*>(p), n);
  return _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(word)));
}
HONE_INLINE void store_first_bytes(uint8_t* p, I v, int64_t n) {
  uint8_t all[8];
  store_bytes(all, v);
  for (int64_t i = 0; i < n; ++i) p[i] = all[i];
}

}  // namespace hone::kernels::HONE_ISA
