// What hconv/tile.inl.h multiplies with where the instruction set has a product of pairs of bf16:
// x stays as it is. Subnormal operands and results count as 0. Included after
// simd/halves_avx512.h.
#pragma once

#include <cstring>

namespace hone::kernels::HONE_ISA {

using X = uint16_t;
constexpr int parts = 1;  // instructions that take up a pair
// Sums that are only clamped and rounded to bf16, a conversion of one instruction, stay in
// registers.
constexpr bool finishes_in_registers = true;

HONE_INLINE __m512i set_x(const X* pair, int) {
  int32_t both;
  memcpy(&both, pair, sizeof both);
  return _mm512_set1_epi32(both);
}
// Of vector `j` of a pair's weights.
HONE_INLINE __m512i load_weights(const Bf16* pair, int64_t, int j, int) {
  return _mm512_loadu_si512(pair + 2 * j * width);
}
HONE_INLINE V dot(V sum, __m512i x, __m512i w) {
  return _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)w);
}

void hgather_bf16(const void* x, int64_t n, void* to) {
  const uint16_t* from = static_cast<const uint16_t*>(x);
  uint16_t* p = static_cast<uint16_t*>(to);
  for (; n > 32; n -= 32, from += 32, p += 32) _mm512_storeu_si512(p, _mm512_loadu_si512(from));
  // A whole vector, for what is beyond is written later: tiles load single pairs of it at once.
  const __mmask32 rest = static_cast<__mmask32>((uint64_t{1} << n) - 1);
  _mm512_storeu_si512(p, _mm512_maskz_loadu_epi16(rest, from));
}

}  // namespace hone::kernels::HONE_ISA
