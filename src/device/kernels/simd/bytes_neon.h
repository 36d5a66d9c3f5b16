// Bytes from and to floats, beside simd/neon.h.
#pragma once

#include <string.h>

#include "device/kernels/simd/neon.h"

namespace hone::kernels::neon {

HONE_INLINE V load_bytes(const uint8_t* p) {
  uint32_t word;
  ::memcpy(&word, p, sizeof word);
  const uint8x8_t bytes = vreinterpret_u8_u32(vdup_n_u32(word));
  return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
}
HONE_INLINE V load_bytes(const int8_t* p) {
  uint32_t word;
  ::memcpy(&word, p, sizeof word);
  const int8x8_t bytes = vreinterpret_s8_u32(vdup_n_u32(word));
  return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes))));
}
// Whole numbers within the type's range; ties to even where they are not whole.
HONE_INLINE int16x8_t words_of(V v) {
  const int16x4_t w = vqmovn_s32(vcvtnq_s32_f32(v));
  return vcombine_s16(w, w);
}
HONE_INLINE void store_bytes(uint8_t* p, V v) {
  const uint32_t word = vget_lane_u32(vreinterpret_u32_u8(vqmovun_s16(words_of(v))), 0);
  ::memcpy(p, &word, sizeof word);
}
HONE_INLINE void store_bytes(int8_t* p, V v) {
  const uint32_t word = vget_lane_u32(vreinterpret_u32_s8(vqmovn_s16(words_of(v))), 0);
  ::memcpy(p, &word, sizeof word);
}

}  // namespace hone::kernels::neon
