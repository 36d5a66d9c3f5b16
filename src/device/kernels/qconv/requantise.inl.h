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
template <bool apart>
HONE_INLINE Bytes requantised(const QFinish& f, const I (&v)[4], const int32_t* bias,
                              const float* const (&scale)[4], const int64_t (&column)[4]) {
  I r[4];
  HONE_UNROLL for (int q = 0; q < 4; ++q) {
    const F floats = apart ? to_floats_with(v[q], load_ints(bias + column[q])) : to_floats(v[q]);
    r[q] = rounded(floats, scale[q]);
  }
  return narrow(r[0], r[1], r[2], r[3], f.zero, f.flip);
}

// How many of `rows` rows may be stored with all their columns though but `valid` of them are: what
// one writes beyond its own is overwritten by the rows after it.
HONE_INLINE int64_t rows_to_spill(int64_t rows, int64_t columns, int64_t y_row, int64_t valid) {
  if (valid == columns) return rows;
  const int64_t left = rows - (columns + valid - 1) / valid + 1;
  return y_row == valid && left > 0 ? left : 0;
}

// The first `valid` bytes of rows [first, rows) of `wide` bytes each.
template <int wide>
__attribute__((noinline)) void store_rest(const uint8_t* all, int64_t first, int64_t rows,
                                          uint8_t* y, int64_t y_row, int64_t valid) {
  for (int64_t i = first; i < rows; ++i) copy_few<wide>(y + i * y_row, all + i * wide, valid);
}

// store_tile() with the bias apart, of sums in memory.
template <int vectors>
__attribute__((noinline)) void store_apart(const QFinish& f, const int32_t* columns,
                                           const int32_t* sums, int64_t rows, uint8_t* y,
                                           int64_t y_row, int64_t valid) {
  constexpr int wide = vectors * width;
  const float* scale = reinterpret_cast<const float*>(columns);
  for (int64_t i = 0; i < rows; ++i) {
    I v[4];
    const float* scales[4];
    int64_t column[4];
    HONE_UNROLL for (int q = 0; q < 4; ++q) {
      column[q] = q % vectors * width, scales[q] = scale + column[q];
      v[q] = load_ints(sums + i * wide + column[q]);
    }
    uint8_t all[4 * width];
    store_all(all, in_order(requantised<true>(f, v, columns + wide, scales, column)));
    memcpy(y + i * y_row, all, static_cast<size_t>(valid));
  }
}

// columns: scale (f32) and bias (i32) of all the tile's columns. Rows are stored in order.
template <int rows, int vectors>
HONE_INLINE void store_tile(const QFinish& f, const int32_t* columns, const I (&sum)[rows][vectors],
                            uint8_t* y, int64_t y_row, int64_t valid) {
  constexpr int together = 4 / vectors, wide = vectors * width;  // rows of one vector of bytes
  if (__builtin_expect(f.bias_apart, false)) {
    int32_t sums[rows * wide];
    HONE_UNROLL for (int i = 0; i < rows * vectors; ++i) {
      store_ints(sums + i * width, sum[i / vectors][i % vectors]);
    }
    return store_apart<vectors>(f, columns, sums, rows, y, y_row, valid);
  }
  const float* scale = reinterpret_cast<const float*>(columns);
  const int64_t whole = rows_to_spill(rows, wide, y_row, valid);
  uint8_t all[(rows + together - 1) / together * 4 * width];  // of rows that are not stored so
  HONE_UNROLL for (int i = 0; i < rows; i += together) {
    I v[4];
    const float* scales[4];
    int64_t column[4];
    HONE_UNROLL for (int q = 0; q < 4; ++q) {
      const int row = i + q / vectors < rows ? i + q / vectors : rows - 1;
      v[q] = sum[row][q % vectors];
      column[q] = q % vectors * width, scales[q] = scale + column[q];
    }
    const Bytes bytes = in_order(requantised<false>(f, v, nullptr, scales, column));
    const int last = i + together < rows ? i + together : rows;
    if (__builtin_expect(last <= whole, true)) {
      HONE_UNROLL for (int q = 0; q < together; ++q) {
        if (i + q < rows) store_part<wide>(y + (i + q) * y_row, bytes, q);
      }
    } else {
      store_all(all + i * wide, bytes);
    }
  }
  if (whole < rows) store_rest<wide>(all, whole - whole % together, rows, y, y_row, valid);
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
