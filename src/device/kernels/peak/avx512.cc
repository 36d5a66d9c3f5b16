#define HONE_ISA avx512
#include "device/kernels/simd/avx512.h"

namespace hone::kernels::avx512 {

using Ints = __m512i;
constexpr int products = 32;  // of words: those of bytes (vpmaddubsw) saturate
HONE_INLINE Ints ints(int v) { return _mm512_set1_epi32(v); }
HONE_INLINE Ints dot(Ints sum, Ints a, Ints b) {
  return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
}
template <class T>
HONE_INLINE void opaque(T& v) {
  asm volatile("" : "+v"(v));
}

}  // namespace hone::kernels::avx512

#include "device/kernels/peak/peak.inl.h"
