#define HONE_ISA neon
#include "device/kernels/simd/neon.h"

namespace hone::kernels::neon {

using Ints = int16x8_t;  // four sums of 32 bits, or eight words
constexpr int products = 4;
HONE_INLINE Ints ints(int v) { return vdupq_n_s16(static_cast<int16_t>(v)); }
HONE_INLINE Ints dot(Ints sum, Ints a, Ints b) {
  return vreinterpretq_s16_s32(
      vmlal_s16(vreinterpretq_s32_s16(sum), vget_low_s16(a), vget_low_s16(b)));
}
template <class T>
HONE_INLINE void opaque(T& v) {
  asm volatile("" : "+w"(v));
}

}  // namespace hone::kernels::neon

#include "device/kernels/peak/peak.inl.h"
