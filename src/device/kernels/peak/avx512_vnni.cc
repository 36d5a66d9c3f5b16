#include <immintrin.h>

#include "device/kernels/peak/peak.h"

namespace hone::kernels::avx512_vnni {

double peak_dot(int64_t rounds) {
  constexpr int chains = 12, products = 64;
  __m512i sum[chains], a = _mm512_set1_epi32(0x03030303);
  const __m512i b = _mm512_set1_epi32(0x05050505);
  for (__m512i& s : sum) s = _mm512_setzero_si512();
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) {
      asm volatile("" : "+v"(a));  // the product is not the one before
      sum[i] = _mm512_dpbusd_epi32(sum[i], a, b);
    }
  }
  for (__m512i& s : sum) asm volatile("" : "+v"(s));
  return 2.0 * products * chains * static_cast<double>(rounds);
}

}  // namespace hone::kernels::avx512_vnni
