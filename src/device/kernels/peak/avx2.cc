#define HONE_ISA avx2
#include "device/kernels/simd/avx2.h"

namespace hone::kernels::avx2 {

using Ints = __m256i;
constexpr int products = 16;  // of words: those of bytes (vpmaddubsw) saturate
HONE_INLINE Ints ints(int v) { return _mm256_set1_epi32(v); }
HONE_INLINE Ints dot(Ints sum, Ints a, Ints b) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}
template <class T>
HONE_INLINE void opaque(T& v) {
  asm volatile("" : "+x"(v));
}

}  // namespace hone::kernels::avx2

#include "device/kernels/peak/peak.inl.h"
