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
// Every lane the four bytes at p.
HONE_INLINE I set_word(const uint8_t* p) {
  int32_t word;
  memcpy(&word, p, 4);
  return _mm512_set1_epi32(word);
}
HONE_INLINE I set_int(int32_t v) { return _mm512_set1_epi32(v); }
HONE_INLINE I sub_ints(I a, I b) { return _mm512_sub_epi32(a, b); }
HONE_INLINE I mul_ints(I a, I b) { return _mm512_mullo_epi32(a, b); }

#ifdef __AVX512VNNI__
constexpr int elements_of_word = 4;
// A word's weights of each column.
HONE_INLINE I load_weights(const int8_t* p) { return _mm512_loadu_si512(p); }
// sum + the four products of bytes, x's unsigned and w's signed: exact.
HONE_INLINE I dot(I sum, I x, I w) { return _mm512_dpbusd_epi32(sum, x, w); }
HONE_INLINE I dot_bytes(I sum, I x, I w) { return dot(sum, x, w); }
#else
constexpr int elements_of_word = 2;
// The same as words.
HONE_INLINE I load_weights(const int8_t* p) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
// sum + a0 b0 + a1 b1 of words: exact.
HONE_INLINE I dot(I sum, I a, I b) { return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b)); }
// sum + the four products of bytes, x's unsigned and w's signed: exact.
HONE_INLINE I dot_bytes(I sum, I x, I w) {
  const I even = _mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8), odd = _mm512_srai_epi16(w, 8);
  sum = dot(sum, _mm512_and_si512(x, _mm512_set1_epi16(0xff)), even);
  return dot(sum, _mm512_srli_epi16(x, 8), odd);
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
HONE_INLINE I load_words(const int8_t* p) { return _mm512_loadu_si512(p); }

using F = __m512;
HONE_INLINE F to_floats(I v) { return _mm512_cvtepi32_ps(v); }
// f32(v + more), which may leave 32 bits: exact in double, rounded once.
HONE_INLINE F to_floats_with(I v, I more) {
  auto half = [](__m256i a, __m256i b) __attribute__((always_inline)) {
    return _mm512_cvtpd_ps(_mm512_add_pd(_mm512_cvtepi32_pd(a), _mm512_cvtepi32_pd(b)));
  };
  const __m256 low = half(_mm512_castsi512_si256(v), _mm512_castsi512_si256(more));
  const __m256 high = half(_mm512_extracti64x4_epi64(v, 1), _mm512_extracti64x4_epi64(more, 1));
  return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}
HONE_INLINE F load_floats(const float* p) { return _mm512_loadu_ps(p); }
HONE_INLINE F set_float(float v) { return _mm512_set1_ps(v); }
HONE_INLINE F mul_floats(F a, F b) { return _mm512_mul_ps(a, b); }
HONE_INLINE F add_floats(F a, F b) { return _mm512_add_ps(a, b); }
HONE_INLINE void store_floats(void* p, F v) { _mm512_storeu_ps(static_cast<float*>(p), v); }
// v scale as integers, ties to even; below INT_MIN and of NaN INT_MIN, at most 2^30.
HONE_INLINE I rounded(F v, const float* scale) {
  v = _mm512_mul_ps(v, _mm512_loadu_ps(scale));
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(1 << 30), v));  // NaN stays
}

using Bytes = __m512i;
HONE_INLINE Bytes load_all(const uint8_t* p) { return _mm512_loadu_si512(p); }
// The first n of them, 0 in the other lanes; no other memory is read.
HONE_INLINE Bytes load_first(const uint8_t* p, int64_t n) {
  return _mm512_maskz_loadu_epi8((uint64_t{1} << n) - 1, p);
}
HONE_INLINE Bytes flipped(Bytes v, int32_t bits) {
  return _mm512_xor_si512(v, _mm512_set1_epi8(static_cast<int8_t>(bits)));
}
// Words of a byte of each row: of every sixteen bytes the first four in words[0], the next four in
// words[1] ...
HONE_INLINE void interleave(const Bytes (&rows)[4], I (&words)[4]) {
  const I low01 = _mm512_unpacklo_epi8(rows[0], rows[1]);
  const I low23 = _mm512_unpacklo_epi8(rows[2], rows[3]);
  const I high01 = _mm512_unpackhi_epi8(rows[0], rows[1]);
  const I high23 = _mm512_unpackhi_epi8(rows[2], rows[3]);
  words[0] = _mm512_unpacklo_epi16(low01, low23), words[1] = _mm512_unpackhi_epi16(low01, low23);
  words[2] = _mm512_unpacklo_epi16(high01, high23);
  words[3] = _mm512_unpackhi_epi16(high01, high23);
}
// saturate(v + zero), its bits turned by `flip`, of four vectors, interleaved alike.
HONE_INLINE Bytes narrow(I a, I b, I c, I d, int32_t zero, int32_t flip) {
  const __m512i z = _mm512_set1_epi16(static_cast<int16_t>(zero));
  const __m512i ab = _mm512_adds_epi16(_mm512_packs_epi32(a, b), z);
  const __m512i cd = _mm512_adds_epi16(_mm512_packs_epi32(c, d), z);
  return flipped(_mm512_packs_epi16(ab, cd), flip);
}
// The first vector's bytes before the second's.
HONE_INLINE Bytes in_order(Bytes v) {
  const I order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, v);
}
HONE_INLINE void store_all(uint8_t* p, Bytes v) { _mm512_storeu_si512(p, v); }
// Piece number `i` of `bytes` bytes.
template <int bytes>
HONE_INLINE void store_part(uint8_t* p, Bytes v, int i) {
  static_assert(bytes == 16 || bytes == 32);
  if (bytes == 32) {
    const __m256i half = i == 0 ? _mm512_castsi512_si256(v) : _mm512_extracti64x4_epi64(v, 1);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), half);
  } else {
    const __m256i half = i < 2 ? _mm512_castsi512_si256(v) : _mm512_extracti64x4_epi64(v, 1);
    const __m128i part =
        i % 2 == 0 ? _mm256_castsi256_si128(half) : _mm256_extracti128_si256(half, 1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), part);
  }
}

// Whole vectors of these; the rest one by one.
HONE_INLINE void flip_bytes(const uint8_t* x, int64_t n, int flip, uint8_t* to) {
  const I bits = _mm512_set1_epi8(static_cast<int8_t>(flip));
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    _mm512_storeu_si512(to + i, _mm512_xor_si512(_mm512_loadu_si512(x + i), bits));
  }
  if (i < n) {
    const __mmask64 rest = (uint64_t{1} << (n - i)) - 1;
    _mm512_mask_storeu_epi8(to + i, rest,
                            _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, x + i), bits));
  }
}
HONE_INLINE I widen(const uint8_t* p) {
  return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
HONE_INLINE I widen(const int8_t* p) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
template <class X>
HONE_INLINE void widen_bytes(const X* x, int64_t n, int32_t zero, int16_t* to) {
  const I z = _mm512_set1_epi16(static_cast<int16_t>(zero));
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) _mm512_storeu_si512(to + i, _mm512_sub_epi16(widen(x + i), z));
  for (; i < n; ++i) to[i] = static_cast<int16_t>(x[i] - zero);
}

}  // namespace hone::kernels::HONE_ISA
