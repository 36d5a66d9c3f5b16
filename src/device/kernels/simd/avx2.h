// Vector of 8 floats for AVX2 + FMA, the names that simd/*.inl.h are written in. Everything is
// always inlined: an ISA object must not offer the linker a function of its own.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define HONE_INLINE static inline __attribute__((always_inline))

namespace hone::kernels::avx2 {

using V = __m256;
constexpr int width = 8;
constexpr int registers = 16;

// The first n lanes, 0 <= n <= width.
struct Mask {
  __m256i lanes;
};
HONE_INLINE Mask first_lanes(int64_t n) {
  __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return {_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), index)};
}

HONE_INLINE V load(const float* p) { return _mm256_loadu_ps(p); }
HONE_INLINE V load(const float* p, Mask m) { return _mm256_maskload_ps(p, m.lanes); }
HONE_INLINE void store(float* p, V v) { _mm256_storeu_ps(p, v); }
// A masked store is dozens of micro-operations on AMD's, so most, which are of all lanes, are none.
HONE_INLINE void store(float* p, V v, Mask m) {
  if (_mm256_movemask_ps(_mm256_castsi256_ps(m.lanes)) == 255) {
    _mm256_storeu_ps(p, v);
  } else {
    _mm256_maskstore_ps(p, m.lanes, v);
  }
}
HONE_INLINE V set1(float f) { return _mm256_set1_ps(f); }
HONE_INLINE V zero() { return _mm256_setzero_ps(); }

// p[index[i]] for the masked lanes where index[i] >= 0, `other` elsewhere. Unmasked indices are not
// read.
HONE_INLINE V gather(const float* p, const int32_t* index, Mask m, float other) {
  __m256i at = _mm256_maskload_epi32(index, m.lanes);
  __m256i wanted = _mm256_andnot_si256(_mm256_srai_epi32(at, 31), m.lanes);
  return _mm256_mask_i32gather_ps(set1(other), p, at, _mm256_castsi256_ps(wanted), 4);
}

// Numbers of lanes, one for each lane of a result.
struct Lanes {
  __m256i at;
};
// Lanes lie in groups of `to`, a power of 2: for each the first of its group in a vector whose
// groups are of `from`.
HONE_INLINE Lanes first_of_groups(int to, int from) {
  const int32_t shift = __builtin_ctz(static_cast<unsigned>(to));
  const __m256i all = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i group = _mm256_srl_epi32(all, _mm_cvtsi32_si128(shift));
  return {_mm256_mullo_epi32(group, _mm256_set1_epi32(from))};
}
HONE_INLINE Lanes next(Lanes l) { return {_mm256_add_epi32(l.at, _mm256_set1_epi32(1))}; }
HONE_INLINE V spread(V v, Lanes from) { return _mm256_permutevar8x32_ps(v, from.at); }

HONE_INLINE V add(V a, V b) { return _mm256_add_ps(a, b); }
HONE_INLINE V sub(V a, V b) { return _mm256_sub_ps(a, b); }
HONE_INLINE V mul(V a, V b) { return _mm256_mul_ps(a, b); }
HONE_INLINE V div(V a, V b) { return _mm256_div_ps(a, b); }
HONE_INLINE V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
// a > b ? a : b and a < b ? a : b, so b where one of them is NaN.
HONE_INLINE V max(V a, V b) { return _mm256_max_ps(a, b); }
HONE_INLINE V min(V a, V b) { return _mm256_min_ps(a, b); }
HONE_INLINE V abs(V a) { return _mm256_andnot_ps(set1(-0.0f), a); }
HONE_INLINE V sign_of(V a) { return _mm256_and_ps(set1(-0.0f), a); }
HONE_INLINE V with_sign(V magnitude, V sign) { return _mm256_or_ps(magnitude, sign); }
HONE_INLINE V round(V a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// a 2^n for integral n in [-252, 252], in two steps so that denormal results are right.
HONE_INLINE V scale(V a, V n) {
  __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
  __m256i rest = _mm256_sub_epi32(whole, half), one = _mm256_set1_epi32(127);
  V low = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, one), 23));
  V high = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, one), 23));
  return mul(mul(a, low), high);
}
HONE_INLINE V if_less(V a, V b, V yes, V no) {
  return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
HONE_INLINE V if_equal(V a, V b, V yes, V no) {
  return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_EQ_OQ));
}

// One factor of many products.
using Factor = V;
HONE_INLINE Factor factor(const float* p) { return set1(*p); }

}  // namespace hone::kernels::avx2
