// 16-bit floats from and to floats, beside simd/avx2.h: exact one way, rounded to nearest, ties to
// even, the other.
#pragma once

#include <string.h>

#include "device/kernels/simd/avx2.h"
#include "device/kernels/simd/halves.h"

namespace hone::kernels::avx2 {

HONE_INLINE int64_t lanes_of(Mask m) {
  return __builtin_popcount(
      static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(m.lanes))));
}
HONE_INLINE __m128i load_halves(const void* p) {
  return _mm_loadu_si128(static_cast<const __m128i*>(p));
}
// There are no masked moves of 16 bits.
HONE_INLINE __m128i load_halves(const void* p, Mask m) {
  uint16_t part[width] = {};
  ::memcpy(part, p, static_cast<size_t>(lanes_of(m)) * sizeof *part);
  return load_halves(part);
}
HONE_INLINE V widen(__m128i v, Bf16) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16));
}
HONE_INLINE V widen(__m128i v, F16) { return _mm256_cvtph_ps(v); }
HONE_INLINE __m128i narrow(V v, Bf16) {
  const __m256i bits = _mm256_castps_si256(v), one = _mm256_set1_epi32(1);
  const __m256i high = _mm256_srli_epi32(bits, 16), odd = _mm256_and_si256(high, one);
  const __m256i up = _mm256_add_epi32(_mm256_set1_epi32(0x7fff), odd);
  const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, up), 16);
  const __m256i quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  const __m256i words = _mm256_blendv_epi8(rounded, quiet, nan);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(words, words), 0x08);
  return _mm256_castsi256_si128(packed);
}
HONE_INLINE __m128i narrow(V v, F16) {
  return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

HONE_INLINE V load(const Bf16* p) { return widen(load_halves(p), Bf16{}); }
HONE_INLINE V load(const Bf16* p, Mask m) { return widen(load_halves(p, m), Bf16{}); }
HONE_INLINE V load(const F16* p) { return widen(load_halves(p), F16{}); }
HONE_INLINE V load(const F16* p, Mask m) { return widen(load_halves(p, m), F16{}); }
template <class H>
HONE_INLINE void store(H* p, V v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), narrow(v, H{}));
}
template <class H>
HONE_INLINE void store(H* p, V v, Mask m) {
  uint16_t part[width];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(part), narrow(v, H{}));
  ::memcpy(p, part, static_cast<size_t>(lanes_of(m)) * sizeof *part);
}

// Elements 0, 2, 4, ... and 1, 3, 5, ... of twice a vector's elements.
HONE_INLINE V load_even(const Bf16* p) {
  const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
}
HONE_INLINE V load_odd(const Bf16* p) {
  const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  const __m256i high = _mm256_set1_epi32(static_cast<int>(0xffff0000u));
  return _mm256_castsi256_ps(_mm256_and_si256(words, high));
}

}  // namespace hone::kernels::avx2
