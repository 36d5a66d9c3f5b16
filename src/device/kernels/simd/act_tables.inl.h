// exp2_near() and gelu_erf() of simd/act.inl.h where one instruction looks up 16 floats:
// polynomials of pieces, so shorter ones, in three quarters of the time. Included by
// simd/act.inl.h.
#pragma once

#include <immintrin.h>

namespace hone::kernels::HONE_ISA {

// table[lowest 4 bits of each lane].
HONE_INLINE __m512 look_up(const float* table, __m512 bits) {
  return _mm512_permutexvar_ps(_mm512_castps_si512(bits), _mm512_load_ps(table));
}
HONE_INLINE __m256 look_up(const float* table, __m256 bits) {
  return _mm256_permutex2var_ps(_mm256_load_ps(table), _mm256_castps_si256(bits),
                                _mm256_load_ps(table + 8));
}
// The lanes as integers: a + (b << n), a >> n, and 1.0 with a's lowest n bits.
template <int n>
HONE_INLINE __m512 add_shifted(__m512 a, __m512 b) {
  const __m512i shifted = _mm512_slli_epi32(_mm512_castps_si512(b), n);
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), shifted));
}
template <int n>
HONE_INLINE __m256 add_shifted(__m256 a, __m256 b) {
  const __m256i shifted = _mm256_slli_epi32(_mm256_castps_si256(b), n);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), shifted));
}
template <int n>
HONE_INLINE __m512 shifted_right(__m512 a) {
  return _mm512_castsi512_ps(_mm512_srli_epi32(_mm512_castps_si512(a), n));
}
template <int n>
HONE_INLINE __m256 shifted_right(__m256 a) {
  return _mm256_castsi256_ps(_mm256_srli_epi32(_mm256_castps_si256(a), n));
}
constexpr int and_or = 0xea;  // (a & b) | c
template <int n>
HONE_INLINE __m512 above_one(__m512 a) {
  return _mm512_castsi512_ps(
      _mm512_ternarylogic_epi32(_mm512_castps_si512(a), _mm512_set1_epi32((1 << n) - 1),
                                _mm512_castps_si512(_mm512_set1_ps(1.0f)), and_or));
}
template <int n>
HONE_INLINE __m256 above_one(__m256 a) {
  return _mm256_castsi256_ps(
      _mm256_ternarylogic_epi32(_mm256_castps_si256(a), _mm256_set1_epi32((1 << n) - 1),
                                _mm256_castps_si256(_mm256_set1_ps(1.0f)), and_or));
}

// The bits of 2^(j / 16), less j << 19: what adding (16 n + j) << 19 makes 2^(n + j / 16).
alignas(64) static constexpr uint32_t sixteenths[16] = {
    0x3f800000, 0x3f7daac3, 0x3f7b95c2, 0x3f79c3d3, 0x3f7837f0, 0x3f76f532, 0x3f75fed7, 0x3f75583f,
    0x3f7504f3, 0x3f7508a4, 0x3f75672a, 0x3f76248c, 0x3f7744fd, 0x3f78ccdf, 0x3f7ac0c7, 0x3f7d257d};

// 2^(x c), x c in [-126.9, 127.9]. c alone is rounded, not the product: for c = log2 e that is an
// error of |x| 1.9e-8 relative; the polynomial's is 4e-7.
HONE_INLINE V exp2_near(V x, V c) {
  const V in_sixteenths = set1(1.5f * (1 << 19));  // beside this the last bit is 1 / 16
  const V n = fma(x, c, in_sixteenths), r = fma(x, c, sub(in_sixteenths, n));
  const V q = fma(fma(r, set1(0.240226568f), set1(0.693187714f)), r, set1(1.0f));
  const V power = look_up(reinterpret_cast<const float*>(sixteenths), n);
  return mul(add_shifted<19>(power, n), q);
}

// Mills' ratio, Phi(-m) / exp(-m^2 / 2), m in [0, 15): its polynomial in f where m + 1 is
// 2^e (1 + k / 4 + 1 / 8 + f), at 4 ((e + 3) % 4) + k: the lowest bits of m + 1's exponent and the
// highest of its fraction. Minimax in relative error: 8e-8.
alignas(64) static constexpr float mills_ratio[6][16] = {
    {0.230760321f, 0.185231671f, 0.153651938f, 0.130724728f, 0.106345162f, 0.084803395f,
     0.0703426972f, 0.0600156747f, 0.0491225496f, 0.0395066962f, 0.0330189727f, 0.0283526611f,
     0.453793228f, 0.379604429f, 0.323356181f, 0.279770583f},
    {-0.220983759f, -0.149573728f, -0.106450841f, -0.0788985267f, -0.106936969f, -0.0693080649f,
     -0.0482298546f, -0.0353615619f, -0.0476952866f, -0.0310027152f, -0.0217170194f, -0.0160402637f,
     -0.342218131f, -0.256590605f, -0.196844682f, -0.154143035f},
    {0.185285598f, 0.108707264f, 0.0677886456f, 0.0444781594f, 0.10219454f, 0.0546523966f,
     0.0322124623f, 0.0204248261f, 0.0456676185f, 0.0241044853f, 0.0141897881f, 0.00903022476f,
     0.205506936f, 0.14169091f, 0.100163803f, 0.0724475235f},
    {-0.140235052f, -0.0726036951f, -0.0402500257f, -0.0236539599f, -0.0933814421f, -0.0417144597f,
     -0.0209956262f, -0.0115774507f, -0.0431523249f, -0.0185742769f, -0.00921224616f,
     -0.00505937589f, -0.105509967f, -0.0678187907f, -0.0447473638f, -0.0302504208f},
    {0.0985548124f, 0.0455263741f, 0.0226502363f, 0.0120171374f, 0.0833031014f, 0.0312669799f,
     0.0134948827f, 0.00649087504f, 0.041060932f, 0.0143794371f, 0.00600048481f, 0.00284158811f,
     0.0482581817f, 0.0291618612f, 0.0181034952f, 0.0115257846f},
    {-0.0637784228f, -0.0266075656f, -0.012002212f, -0.00579844136f, -0.0703175813f, -0.0224936344f,
     -0.00840651803f, -0.0035511998f, -0.0377951227f, -0.0108851576f, -0.00384618784f,
     -0.00157687732f, -0.0199398343f, -0.011405983f, -0.00670576654f, -0.00404566247f},
};
// x Phi(x) = max(x, 0) - |x| Phi(-|x|). Beyond 13 the second is 0 beside 1e-36.
HONE_INLINE V gelu_erf(V x) {
  const V m = min(set1(13.0f), abs(x)), u = add(m, set1(1.0f)), at = shifted_right<21>(u);
  const V f = sub(above_one<21>(u), set1(1.125f));
  V q = fma(look_up(mills_ratio[5], at), f, look_up(mills_ratio[4], at));
  q = fma(q, f, look_up(mills_ratio[3], at));
  q = fma(q, f, look_up(mills_ratio[2], at));
  q = fma(q, f, look_up(mills_ratio[1], at));
  q = fma(q, f, look_up(mills_ratio[0], at));
  const V tail = mul(q, exp2_near(mul(m, m), set1(-0.721347520f)));
  return fma(sub(zero(), m), tail, max(zero(), x));
}

}  // namespace hone::kernels::HONE_ISA
