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
// Every lane the four bytes at p.
HONE_INLINE I set_word(const uint8_t* p) {
  int32_t word;
  memcpy(&word, p, 4);
  return _mm256_set1_epi32(word);
}
HONE_INLINE I set_int(int32_t v) { return _mm256_set1_epi32(v); }
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
HONE_INLINE I sub_ints(I a, I b) { return _mm256_sub_epi32(a, b); }
HONE_INLINE I mul_ints(I a, I b) { return _mm256_mullo_epi32(a, b); }

constexpr int elements_of_word = 2;
// A word's weights of each column less their zero points, as words.
HONE_INLINE I load_weights(const int8_t* p, const int32_t* zero) {
  const I w = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  const I z = load_ints(zero);
  return _mm256_sub_epi16(w, _mm256_blend_epi16(z, _mm256_slli_epi32(z, 16), 0xaa));
}
// sum + a0 b0 + a1 b1 of words: exact.
HONE_INLINE I dot(I sum, I a, I b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }

using F = __m256;
HONE_INLINE F to_floats(I v) { return _mm256_cvtepi32_ps(v); }
// f32(v + more), which may leave 32 bits: exact in double, rounded once.
HONE_INLINE F to_floats_with(I v, I more) {
  auto half = [](__m128i a, __m128i b) __attribute__((always_inline)) {
    return _mm256_cvtpd_ps(_mm256_add_pd(_mm256_cvtepi32_pd(a), _mm256_cvtepi32_pd(b)));
  };
  const __m128 low = half(_mm256_castsi256_si128(v), _mm256_castsi256_si128(more));
  const __m128 high = half(_mm256_extracti128_si256(v, 1), _mm256_extracti128_si256(more, 1));
  return _mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
}
// v scale as integers, ties to even; below INT_MIN and of NaN INT_MIN, at most 2^30.
HONE_INLINE I rounded(F v, const float* scale) {
  v = _mm256_mul_ps(v, _mm256_loadu_ps(scale));
  return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(1 << 30), v));  // NaN stays
}

using Bytes = __m256i;
// saturate(v + zero), its bits turned by `flip`, of four vectors one after the other.
HONE_INLINE Bytes narrow(I a, I b, I c, I d, int32_t zero, int32_t flip) {
  const __m256i z = _mm256_set1_epi16(static_cast<int16_t>(zero));
  const __m256i ab = _mm256_adds_epi16(_mm256_packs_epi32(a, b), z);
  const __m256i cd = _mm256_adds_epi16(_mm256_packs_epi32(c, d), z);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(ab, cd), order);
  return _mm256_xor_si256(bytes, _mm256_set1_epi8(static_cast<int8_t>(flip)));
}
HONE_INLINE void store_all(uint8_t* p, Bytes v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
}
// Piece number `i` of `bytes` bytes.
template <int bytes>
HONE_INLINE void store_part(uint8_t* p, Bytes v, int i) {
  static_assert(bytes == 8 || bytes == 16);
  const bool lower = i < 16 / bytes;
  const __m128i half = lower ? _mm256_castsi256_si128(v) : _mm256_extracti128_si256(v, 1);
  if (bytes == 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), half);
  } else if (i % 2 == 0) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), half);
  } else {
    _mm_storeh_pd(reinterpret_cast<double*>(p), _mm_castsi128_pd(half));
  }
}

// Elements of x as tiles read them: whole vectors, the rest one by one.
HONE_INLINE void flip_bytes(const uint8_t* x, int64_t n, int flip, uint8_t* to) {
  const I bits = _mm256_set1_epi8(static_cast<int8_t>(flip));
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const I v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm256_xor_si256(v, bits));
  }
  for (; i < n; ++i) to[i] = static_cast<uint8_t>(x[i] ^ flip);
}
HONE_INLINE I widen(const uint8_t* p) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
HONE_INLINE I widen(const int8_t* p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
template <class X>
HONE_INLINE void widen_bytes(const X* x, int64_t n, int32_t zero, int16_t* to) {
  const I z = _mm256_set1_epi16(static_cast<int16_t>(zero));
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm256_sub_epi16(widen(x + i), z));
  }
  for (; i < n; ++i) to[i] = static_cast<int16_t>(x[i] - zero);
}

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
