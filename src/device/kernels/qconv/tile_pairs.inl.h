// The tile of qconv/tile.h by products of matrices (usmmla): two rows times two columns, eight
// bytes of each, are one instruction and one register of sums. Included after qconv/tile.inl.h.
#pragma once

#include "device/kernels/qconv/tile.h"

namespace hone::kernels::HONE_ISA {

template <int pairs, int columns>
HONE_INLINE void add_products(const uint8x16_t (&x)[pairs], const int8_t* b,
                              I (&sum)[pairs][columns]) {
  int8x16_t w[columns];
  HONE_UNROLL for (int j = 0; j < columns; ++j) w[j] = vld1q_s8(b + 16 * j);
  HONE_UNROLL for (int i = 0; i < pairs; ++i) {
    HONE_UNROLL for (int j = 0; j < columns; ++j) sum[i][j] = vusmmlaq_s32(sum[i][j], x[i], w[j]);
  }
}

// The products of eight bytes of each row, from k on, or of sixteen: these take as many loads.
template <int pairs, int columns>
HONE_INLINE void add_eight(const uint8_t* const (&a)[2 * pairs], int64_t k, const int8_t* b,
                           I (&sum)[pairs][columns]) {
  uint8x16_t x[pairs];
  HONE_UNROLL for (int i = 0; i < pairs; ++i) {
    x[i] = vcombine_u8(vld1_u8(a[2 * i] + k), vld1_u8(a[2 * i + 1] + k));
  }
  add_products(x, b, sum);
}
template <int pairs, int columns>
HONE_INLINE void add_sixteen(const uint8_t* const (&a)[2 * pairs], int64_t k, const int8_t* b,
                             I (&sum)[pairs][columns]) {
  uint8x16_t x[pairs], next[pairs];
  HONE_UNROLL for (int i = 0; i < pairs; ++i) {
    const uint64x2_t one = vreinterpretq_u64_u8(vld1q_u8(a[2 * i] + k));
    const uint64x2_t other = vreinterpretq_u64_u8(vld1q_u8(a[2 * i + 1] + k));
    x[i] = vreinterpretq_u8_u64(vzip1q_u64(one, other));
    next[i] = vreinterpretq_u8_u64(vzip2q_u64(one, other));
  }
  add_products(x, b, sum);
  add_products(next, b + 16 * columns, sum);
}

// sum[i][j]: rows 2i and 2i + 1 by columns 2j and 2j + 1.
template <int pairs, int columns>
HONE_INLINE void multiply_pairs(const QTile& t, const int8_t* b, int rows,
                                I (&sum)[pairs][columns]) {
  const QSource& s = *t.source;
  const int64_t bytes = words_of(s) * 4;
  for (int64_t ky = 0; ky < s.taps_y; ++ky) {
    for (int64_t kx = 0; kx < s.taps_x; ++kx) {
      const int64_t at = ky * s.step_y + kx * s.step_x;
      const uint8_t* a[2 * pairs];
      HONE_UNROLL for (int i = 0; i < 2 * pairs; ++i) a[i] = t.a[i < rows ? i : rows - 1] + at;
      int64_t k = 0;
      for (; k + 16 <= bytes; k += 16, b += 32 * columns) add_sixteen(a, k, b, sum);
      if (k < bytes) add_eight(a, k, b, sum), b += 16 * columns;
    }
  }
}

HONE_INLINE I halves(int32x2_t a, int32x2_t b) { return vcombine_s32(a, b); }

template <int rows, int vectors>
static void qtile_pairs(const QTile& t) {
  constexpr int pairs = (rows + 1) / 2, columns = vectors * width;
  const int32_t* first = reinterpret_cast<const int32_t*>(t.panel);
  I both[pairs][2 * vectors];
  HONE_UNROLL for (int j = 0; j < 2 * vectors; ++j) {
    const int32x2_t two = vld1_s32(first + 2 * j);
    HONE_UNROLL for (int i = 0; i < pairs; ++i) both[i][j] = halves(two, two);
  }
  multiply_pairs(t, reinterpret_cast<const int8_t*>(first + 4 * columns), rows, both);
  I sum[rows][vectors];
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) {
      const I left = both[i / 2][2 * j], right = both[i / 2][2 * j + 1];
      sum[i][j] = i % 2 == 0 ? halves(vget_low_s32(left), vget_low_s32(right))
                             : halves(vget_high_s32(left), vget_high_s32(right));
    }
  }
  finish_tile<rows, vectors>(t, sum);
}

}  // namespace hone::kernels::HONE_ISA
