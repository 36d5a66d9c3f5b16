// Vectors of 4 sums of 32 bits for NEON, its dot products and its products of signed and unsigned
// bytes: what qconv's kernels are written in.
#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#define HONE_INLINE static inline __attribute__((always_inline))

namespace hone::kernels::HONE_ISA {

using I = int32x4_t;
constexpr int width = 4;

HONE_INLINE I load_ints(const int32_t* p) { return vld1q_s32(p); }
HONE_INLINE void store_ints(int32_t* p, I v) { vst1q_s32(p, v); }
HONE_INLINE I set_int(int32_t v) { return vdupq_n_s32(v); }
HONE_INLINE I sub_ints(I a, I b) { return vsubq_s32(a, b); }
HONE_INLINE I mul_ints(I a, I b) { return vmulq_s32(a, b); }
HONE_INLINE int8x16_t bytes_of(I v) { return vreinterpretq_s8_s32(v); }
HONE_INLINE I load_words(const int8_t* p) { return vreinterpretq_s32_s8(vld1q_s8(p)); }

// Words of x beside each other in a register, whose products with weights take one as it lies.
constexpr int words_at_once = 4;
template <int count>
HONE_INLINE I load_x(const uint8_t* p) {
  if constexpr (count == 4) return vreinterpretq_s32_u8(vld1q_u8(p));
  int32_t word;
  memcpy(&word, p, sizeof word);
  return vsetq_lane_s32(word, vdupq_n_s32(0), 0);
}

#if defined(__ARM_FEATURE_MATMUL_INT8) || defined(__ARM_FEATURE_DOTPROD)
constexpr int elements_of_word = 4;
using W = int8x16_t;
// A word's weights of each column.
HONE_INLINE W load_weights(const int8_t* p) { return vld1q_s8(p); }
#endif

#if defined(__ARM_FEATURE_MATMUL_INT8)
constexpr int taken_off_x = 0;
template <int count>
HONE_INLINE uint8x16_t load_factor(const uint8_t* p) {
  return vreinterpretq_u8_s32(load_x<count>(p));
}
// sum + the four products of bytes with word `at` of x, unsigned, w's signed: exact.
template <int at>
HONE_INLINE I dot_word(I sum, uint8x16_t x, W w) {
  return vsudotq_laneq_s32(sum, w, x, at);
}
HONE_INLINE I dot_bytes(I sum, I x, I w) {
  return vusdotq_s32(sum, vreinterpretq_u8_s32(x), bytes_of(w));
}
#elif defined(__ARM_FEATURE_DOTPROD)
// Both operands are signed: x is multiplied less 128, which packed sums know of.
constexpr int taken_off_x = 128;
template <int count>
HONE_INLINE int8x16_t load_factor(const uint8_t* p) {
  return veorq_s8(bytes_of(load_x<count>(p)), vdupq_n_s8(-128));
}
template <int at>
HONE_INLINE I dot_word(I sum, int8x16_t x, W w) {
  return vdotq_laneq_s32(sum, w, x, at);
}
// sum + the four products of bytes, x's unsigned and w's signed: exact.
HONE_INLINE I dot_bytes(I sum, I x, I w) {
  const int8x16_t half = vdupq_n_s8(64), b = bytes_of(w);
  sum = vdotq_s32(sum, veorq_s8(bytes_of(x), vdupq_n_s8(-128)), b);
  return vdotq_s32(vdotq_s32(sum, half, b), half, b);
}
#else
constexpr int elements_of_word = 2;
constexpr int taken_off_x = 0;
struct W {
  int16x4_t even, odd;
};
// A word's weights of each column, as words.
HONE_INLINE W load_weights(const int8_t* p) {
  const int16x8_t w = vmovl_s8(vld1_s8(p));
  const int16x4_t low = vget_low_s16(w), high = vget_high_s16(w);
  return {vuzp1_s16(low, high), vuzp2_s16(low, high)};
}
template <int count>
HONE_INLINE int16x8_t load_factor(const uint8_t* p) {
  return vreinterpretq_s16_s32(load_x<count>(p));
}
// sum + the two products of words with word `at` of x: exact.
template <int at>
HONE_INLINE I dot_word(I sum, int16x8_t x, W w) {
  return vmlal_laneq_s16(vmlal_laneq_s16(sum, w.even, x, 2 * at), w.odd, x, 2 * at + 1);
}
// sum + the four products of bytes, x's unsigned and w's signed: each within 16 bits.
HONE_INLINE I dot_bytes(I sum, I x, I w) {
  const uint8x16_t a = vreinterpretq_u8_s32(x);
  const int8x16_t b = bytes_of(w);
  const int16x8_t low =
      vmulq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(a))), vmovl_s8(vget_low_s8(b)));
  const int16x8_t high = vmulq_s16(vreinterpretq_s16_u16(vmovl_high_u8(a)), vmovl_high_s8(b));
  return vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
}
#endif

using F = float32x4_t;
HONE_INLINE F to_floats(I v) { return vcvtq_f32_s32(v); }
// f32(v + more), which may leave 32 bits: exact in double, rounded once.
HONE_INLINE F to_floats_with(I v, I more) {
  const float64x2_t low = vcvtq_f64_s64(vaddl_s32(vget_low_s32(v), vget_low_s32(more)));
  const float64x2_t high = vcvtq_f64_s64(vaddl_high_s32(v, more));
  return vcvt_high_f32_f64(vcvt_f32_f64(low), high);
}
HONE_INLINE F load_floats(const float* p) { return vld1q_f32(p); }
HONE_INLINE F set_float(float v) { return vdupq_n_f32(v); }
HONE_INLINE F mul_floats(F a, F b) { return vmulq_f32(a, b); }
HONE_INLINE F add_floats(F a, F b) { return vaddq_f32(a, b); }
HONE_INLINE void store_floats(void* p, F v) { vst1q_f32(static_cast<float*>(p), v); }
// v scale as integers, ties to even; NaN and what is below becomes -2^30.
HONE_INLINE I rounded(F v, const float* scale) {
  return vcvtnq_s32_f32(vmaxnmq_f32(vmulq_f32(v, vld1q_f32(scale)), vdupq_n_f32(-(1 << 30))));
}

using Bytes = uint8x16_t;
HONE_INLINE Bytes load_all(const uint8_t* p) { return vld1q_u8(p); }
// The first n < 16 of them, 0 in the other lanes; no other memory is read.
static __attribute__((noinline)) Bytes load_first(const uint8_t* p, int64_t n) {
  uint64_t word[2] = {0, 0};
  for (int64_t i = 0; i < n; ++i) word[i / 8] |= static_cast<uint64_t>(p[i]) << (8 * (i % 8));
  return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(word[0]), vcreate_u64(word[1])));
}
HONE_INLINE Bytes flipped(Bytes v, int32_t bits) {
  return veorq_u8(v, vdupq_n_u8(static_cast<uint8_t>(bits)));
}
// Words of a byte of each row: the first four in words[0], the next four in words[1] ...
HONE_INLINE void interleave(const Bytes (&rows)[4], I (&words)[4]) {
  const uint16x8_t low01 = vreinterpretq_u16_u8(vzip1q_u8(rows[0], rows[1]));
  const uint16x8_t low23 = vreinterpretq_u16_u8(vzip1q_u8(rows[2], rows[3]));
  const uint16x8_t high01 = vreinterpretq_u16_u8(vzip2q_u8(rows[0], rows[1]));
  const uint16x8_t high23 = vreinterpretq_u16_u8(vzip2q_u8(rows[2], rows[3]));
  words[0] = vreinterpretq_s32_u16(vzip1q_u16(low01, low23));
  words[1] = vreinterpretq_s32_u16(vzip2q_u16(low01, low23));
  words[2] = vreinterpretq_s32_u16(vzip1q_u16(high01, high23));
  words[3] = vreinterpretq_s32_u16(vzip2q_u16(high01, high23));
}
// saturate(v + zero), its bits turned by `flip`, of four vectors in order.
HONE_INLINE Bytes narrow(I a, I b, I c, I d, int32_t zero, int32_t flip) {
  const int16x8_t z = vdupq_n_s16(static_cast<int16_t>(zero));
  const int16x8_t ab = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(a), b), z);
  const int16x8_t cd = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(c), d), z);
  return flipped(vreinterpretq_u8_s8(vqmovn_high_s16(vqmovn_s16(ab), cd)), flip);
}
HONE_INLINE Bytes in_order(Bytes v) { return v; }
HONE_INLINE void store_all(uint8_t* p, Bytes v) { vst1q_u8(p, v); }
// Piece number `i` of `bytes` bytes.
template <int bytes>
HONE_INLINE void store_part(uint8_t* p, Bytes v, int i) {
  static_assert(bytes == 4 || bytes == 8);
  if (bytes == 8) {
    vst1_u8(p, i == 0 ? vget_low_u8(v) : vget_high_u8(v));
  } else {
    uint32_t all[4];
    vst1q_u32(all, vreinterpretq_u32_u8(v));
    memcpy(p, all + i, sizeof *all);
  }
}

// Elements of x as tiles read them: whole vectors, the rest one by one.
HONE_INLINE void flip_bytes(const uint8_t* x, int64_t n, int flip, uint8_t* to) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) store_all(to + i, flipped(load_all(x + i), flip));
  for (; i < n; ++i) to[i] = static_cast<uint8_t>(x[i] ^ flip);
}
HONE_INLINE int16x8_t widen(const uint8_t* p) {
  return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p)));
}
HONE_INLINE int16x8_t widen(const int8_t* p) { return vmovl_s8(vld1_s8(p)); }
template <class X>
HONE_INLINE void widen_bytes(const X* x, int64_t n, int32_t zero, int16_t* to) {
  const int16x8_t z = vdupq_n_s16(static_cast<int16_t>(zero));
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) vst1q_s16(to + i, vsubq_s16(widen(x + i), z));
  for (; i < n; ++i) to[i] = static_cast<int16_t>(x[i] - zero);
}

}  // namespace hone::kernels::HONE_ISA
