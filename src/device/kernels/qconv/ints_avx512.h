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
HONE_INLINE I sub_ints(I a, I b) { return _mm512_sub_epi32(a, b); }
HONE_INLINE I mul_ints(I a, I b) { return _mm512_mullo_epi32(a, b); }

#ifdef __AVX512VNNI__
constexpr int elements_of_word = 4;
// A word's weights of each column; zero points are left to the sums of rows.
HONE_INLINE I load_weights(const int8_t* p, const int32_t*) { return _mm512_loadu_si512(p); }
// sum + the four products of bytes, x's unsigned and w's signed: exact.
HONE_INLINE I dot(I sum, I x, I w) { return _mm512_dpbusd_epi32(sum, x, w); }
#else
constexpr int elements_of_word = 2;
// The same less the zero points, as words.
HONE_INLINE I load_weights(const int8_t* p, const int32_t* zero) {
  const I w = _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  const I z = load_ints(zero);
  return _mm512_sub_epi16(
      w, _mm512_or_si512(_mm512_slli_epi32(z, 16), _mm512_and_si512(z, set_int(0xffff))));
}
// sum + a0 b0 + a1 b1 of words: exact.
HONE_INLINE I dot(I sum, I a, I b) { return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b)); }
#endif

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
// v scale as integers, ties to even; below INT_MIN and of NaN INT_MIN, at most 2^30.
HONE_INLINE I rounded(F v, const float* scale) {
  v = _mm512_mul_ps(v, _mm512_loadu_ps(scale));
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(1 << 30), v));  // NaN stays
}

using Bytes = __m512i;
// saturate(v + zero), its bits turned by `flip`, of four vectors one after the other.
HONE_INLINE Bytes narrow(I a, I b, I c, I d, int32_t zero, int32_t flip) {
  const __m512i z = _mm512_set1_epi16(static_cast<int16_t>(zero));
  const __m512i ab = _mm512_adds_epi16(_mm512_packs_epi32(a, b), z);
  const __m512i cd = _mm512_adds_epi16(_mm512_packs_epi32(c, d), z);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packs_epi16(ab, cd));
  return _mm512_xor_si512(bytes, _mm512_set1_epi8(static_cast<int8_t>(flip)));
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
