// Vectors of 8 sums of 32 bits for AVX2, AVX-VNNI and AVX-512 VL: what qconv's kernels are written
// in.
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
HONE_INLINE I sub_ints(I a, I b) { return _mm256_sub_epi32(a, b); }
HONE_INLINE I mul_ints(I a, I b) { return _mm256_mullo_epi32(a, b); }

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
constexpr int elements_of_word = 4;
// A word's weights of each column.
HONE_INLINE I load_weights(const int8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
// sum + the four products of bytes, x's unsigned and w's signed: exact.
HONE_INLINE I dot(I sum, I x, I w) {
#ifdef __AVXVNNI__
  return _mm256_dpbusd_avx_epi32(sum, x, w);
#else
  return _mm256_dpbusd_epi32(sum, x, w);
#endif
}
HONE_INLINE I dot_bytes(I sum, I x, I w) { return dot(sum, x, w); }
#else
constexpr int elements_of_word = 2;
// A word's weights of each column, as words.
HONE_INLINE I load_weights(const int8_t* p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
// sum + a0 b0 + a1 b1 of words: exact.
HONE_INLINE I dot(I sum, I a, I b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
// sum + the four products of bytes, x's unsigned and w's signed: exact.
HONE_INLINE I dot_bytes(I sum, I x, I w) {
  const I even = _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8), odd = _mm256_srai_epi16(w, 8);
  sum = dot(sum, _mm256_and_si256(x, _mm256_set1_epi16(0xff)), even);
  return dot(sum, _mm256_srli_epi16(x, 8), odd);
}
#endif
// Words of x at a time, and the products of one of them.
constexpr int words_at_once = 1;
template <int count>
HONE_INLINE I load_factor(const uint8_t* p) {
  return set_word(p);
}
template <int at>
HONE_INLINE I dot_word(I sum, I x, I w) {
  return dot(sum, x, w);
}
HONE_INLINE I load_words(const int8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

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
HONE_INLINE F load_floats(const float* p) { return _mm256_loadu_ps(p); }
HONE_INLINE F set_float(float v) { return _mm256_set1_ps(v); }
HONE_INLINE F mul_floats(F a, F b) { return _mm256_mul_ps(a, b); }
HONE_INLINE F add_floats(F a, F b) { return _mm256_add_ps(a, b); }
HONE_INLINE void store_floats(void* p, F v) { _mm256_storeu_ps(static_cast<float*>(p), v); }
// v scale as integers, ties to even; below INT_MIN and of NaN INT_MIN, at most 2^30.
HONE_INLINE I rounded(F v, const float* scale) {
  v = _mm256_mul_ps(v, _mm256_loadu_ps(scale));
  return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(1 << 30), v));  // NaN stays
}

using Bytes = __m256i;
HONE_INLINE Bytes load_all(const uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
#if defined(__AVX512VL__)
// The first n of them, 0 in the other lanes; no other memory is read.
HONE_INLINE Bytes load_first(const uint8_t* p, int64_t n) {
  return _mm256_maskz_loadu_epi8((1u << n) - 1, p);
}
#else
// The first n < 8, n < 16, n < 32 of them, 0 in the other lanes; no other memory is read. In
// registers: a load of what was stored byte by byte would wait for all of it.
HONE_INLINE int64_t first_of_8(const uint8_t* p, int64_t n) {
  uint64_t word = 0;
  for (int64_t i = 0; i < n; ++i) word |= static_cast<uint64_t>(p[i]) << (8 * i);
  return static_cast<int64_t>(word);
}
HONE_INLINE __m128i first_of_16(const uint8_t* p, int64_t n) {
  if (n < 8) return _mm_cvtsi64_si128(first_of_8(p, n));
  int64_t low;
  memcpy(&low, p, 8);
  return _mm_set_epi64x(first_of_8(p + 8, n - 8), low);
}
static __attribute__((noinline)) Bytes load_first(const uint8_t* p, int64_t n) {
  if (n < 16) return _mm256_zextsi128_si256(first_of_16(p, n));
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_set_m128i(first_of_16(p + 16, n - 16), low);
}
#endif
HONE_INLINE Bytes flipped(Bytes v, int32_t bits) {
  return _mm256_xor_si256(v, _mm256_set1_epi8(static_cast<int8_t>(bits)));
}
// Words of a byte of each row: of every sixteen bytes the first four in words[0], the next four in
// words[1] ...
HONE_INLINE void interleave(const Bytes (&rows)[4], I (&words)[4]) {
  const I low01 = _mm256_unpacklo_epi8(rows[0], rows[1]);
  const I low23 = _mm256_unpacklo_epi8(rows[2], rows[3]);
  const I high01 = _mm256_unpackhi_epi8(rows[0], rows[1]);
  const I high23 = _mm256_unpackhi_epi8(rows[2], rows[3]);
  words[0] = _mm256_unpacklo_epi16(low01, low23), words[1] = _mm256_unpackhi_epi16(low01, low23);
  words[2] = _mm256_unpacklo_epi16(high01, high23);
  words[3] = _mm256_unpackhi_epi16(high01, high23);
}
// saturate(v + zero), its bits turned by `flip`, of four vectors, interleaved alike.
HONE_INLINE Bytes narrow(I a, I b, I c, I d, int32_t zero, int32_t flip) {
  const __m256i z = _mm256_set1_epi16(static_cast<int16_t>(zero));
  const __m256i ab = _mm256_adds_epi16(_mm256_packs_epi32(a, b), z);
  const __m256i cd = _mm256_adds_epi16(_mm256_packs_epi32(c, d), z);
  return flipped(_mm256_packs_epi16(ab, cd), flip);
}
// The first vector's bytes before the second's.
HONE_INLINE Bytes in_order(Bytes v) {
  return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
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

}  // namespace hone::kernels::HONE_ISA
