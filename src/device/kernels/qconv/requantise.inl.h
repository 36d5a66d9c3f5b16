// Sums to bytes: saturate(round(f32(sum) scale) + zero), ties to even, over the vectors of one ISA.
// Included after qconv/ints_<isa>.h.
#pragma once

#include "device/kernels/qconv/params.h"

#ifndef HONE_UNROLL
#define HONE_UNROLL _Pragma("GCC unroll 32")
#endif

namespace hone::kernels::HONE_ISA {
namespace {

// n < most bytes in as few pieces as it takes; no other memory is written.
template <int most>
HONE_INLINE void copy_few(uint8_t* to, const uint8_t* from, int64_t n) {
  if constexpr (most > 32) {
    if (n >= 32) memcpy(to, from, 32), to += 32, from += 32, n -= 32;
  }
  if constexpr (most > 16) {
    if (n >= 16) memcpy(to, from, 16), to += 16, from += 16, n -= 16;
  }
  if constexpr (most > 8) {
    if (n >= 8) memcpy(to, from, 8), to += 8, from += 8, n -= 8;
  }
  if (n >= 4) memcpy(to, from, 4), to += 4, from += 4, n -= 4;
  for (int64_t i = 0; i < n; ++i) to[i] = from[i];
}
// Four vectors of sums become one of bytes, interleaved as interleave() has it.
HONE_INLINE Bytes requantised(const QFinish& f, const I (&v)[4], const int32_t* bias,
                              const float* const (&scale)[4], const int64_t (&column)[4]) {
  I r[4];
  HONE_UNROLL for (int q = 0; q < 4; ++q) {
    const F floats =
        f.bias_apart ? to_floats_with(v[q], load_ints(bias + column[q])) : to_floats(v[q]);
    r[q] = rounded(floats, scale[q]);
  }
  return narrow(r[0], r[1], r[2], r[3], f.zero, f.flip);
}

// How many of `rows` rows may be stored with all their columns though but `valid` of them are: what
// one writes beyond its own is overwritten by the rows after it.
HONE_INLINE int64_t rows_to_spill(int64_t rows, int64_t columns, int64_t y_row, int64_t valid) {
  if (valid == columns) return rows;
  return y_row == valid ? rows - (columns + valid - 1) / valid + 1 : 0;
}

// columns: scale (f32) and bias (i32) of all the tile's columns. Rows are stored in order.
template <int rows, int vectors>
HONE_INLINE void store_tile(const QFinish& f, const int32_t* columns, const I (&sum)[rows][vectors],
                            uint8_t* y, int64_t y_row, int64_t valid) {
  constexpr int together = 4 / vectors, wide = vectors * width;  // rows of one vector of bytes
  const float* scale = reinterpret_cast<const float*>(columns);
  const int32_t* bias = columns + wide;
  const int64_t whole = rows_to_spill(rows, wide, y_row, valid);
  HONE_UNROLL for (int i = 0; i < rows; i += together) {
    I v[4];
    const float* scales[4];
    int64_t column[4];
    HONE_UNROLL for (int q = 0; q < 4; ++q) {
      const int row = i + q / vectors < rows ? i + q / vectors : rows - 1;
      v[q] = sum[row][q % vectors];
      column[q] = q % vectors * width, scales[q] = scale + column[q];
    }
    const Bytes bytes = in_order(requantised(f, v, bias, scales, column));
    const int last = i + together < rows ? i + together : rows;
    if (last <= whole) {
      HONE_UNROLL for (int q = 0; q < together; ++q) {
        if (i + q < rows) store_part<wide>(y + (i + q) * y_row, bytes, q);
      }
    } else {
      uint8_t all[4 * width];
      store_all(all, bytes);
      for (int row = i; row < last; ++row) {
        copy_few<wide>(y + row * y_row, all + (row - i) * wide, valid);
      }
    }
  }
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
