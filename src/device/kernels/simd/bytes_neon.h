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

// Bytes as they are, `width` at a time.
struct Bytes16 {
  static constexpr int width = 16;
  uint8x16_t v;
};
HONE_INLINE Bytes16 load_bytes(const void* p, Bytes16) {
  return {vld1q_u8(static_cast<const uint8_t*>(p))};
}
HONE_INLINE void store_bytes(void* p, Bytes16 b) { vst1q_u8(static_cast<uint8_t*>(p), b.v); }
HONE_INLINE Bytes16 larger(Bytes16 a, Bytes16 b, uint8_t) { return {vmaxq_u8(a.v, b.v)}; }
HONE_INLINE Bytes16 larger(Bytes16 a, Bytes16 b, int8_t) {
  return {vreinterpretq_u8_s8(vmaxq_s8(vreinterpretq_s8_u8(a.v), vreinterpretq_s8_u8(b.v)))};
}
using WidestBytes = Bytes16;

}  // namespace hone::kernels::neon
