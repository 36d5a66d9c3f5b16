// The tile of qconv/tile.h over the vectors of one ISA. Included after qconv/ints_<isa>.h.
#pragma once

#include "device/kernels/qconv/tile.h"

#define HONE_UNROLL _Pragma("GCC unroll 32")

namespace hone::kernels::HONE_ISA {

// Sums in memory to bytes: one vector at a time, so that the sums of a tile stay in registers until
// all of them are stored.
static __attribute__((noinline)) void finish(const QTile& t, const int32_t* bias,
                                             const float* scale, const int32_t* sums, int rows,
                                             int64_t row) {
  const QFinish& f = t.finish;
  for (int i = 0; i < rows; ++i, sums += row) {
    uint8_t* y = t.y + i * t.y_row;
    for (int64_t j = 0; j < t.columns; j += width) {
      const I sum = load_ints(sums + j);
      const I bytes = t.bias_apart
                          ? requantised_apart(sum, bias + j, scale + j, f.zero, f.lowest, f.highest)
                          : requantised(sum, scale + j, f.zero, f.lowest, f.highest);
      const int64_t left = t.columns - j;
      if (left >= width) {
        store_bytes(y + j, bytes);
      } else {
        uint8_t last[width];
        store_bytes(last, bytes);
        for (int64_t k = 0; k < left; ++k) y[j + k] = last[k];
      }
    }
  }
}

template <int rows, int vectors>
static void qtile(const QTile& t) {
  const int32_t* bias = reinterpret_cast<const int32_t*>(t.panel);
  const float* scale = reinterpret_cast<const float*>(bias + vectors * width);
  const int32_t* zeros = bias + 2 * vectors * width;
  const int8_t* b = reinterpret_cast<const int8_t*>(bias + 3 * vectors * width);
  I sum[rows][vectors], zero[vectors];
  HONE_UNROLL for (int j = 0; j < vectors; ++j) {
    zero[j] = load_ints(zeros + j * width);
    const I first = t.bias_apart ? set_int(0) : load_ints(bias + j * width);
    HONE_UNROLL for (int i = 0; i < rows; ++i) sum[i][j] = first;
  }
  const int16_t* const* pointers = t.a;
  for (int64_t tap = 0; tap < t.taps; ++tap, pointers += max_tile_rows) {
    const int16_t* a[rows];
    HONE_UNROLL for (int i = 0; i < rows; ++i) a[i] = pointers[i];
    for (int64_t k = 0; k < t.pairs; ++k, b += 2 * vectors * width) {
      I bv[vectors];
      HONE_UNROLL for (int j = 0; j < vectors; ++j) {
        bv[j] = sub_words(load_pairs(b + 2 * j * width), zero[j]);
      }
      HONE_UNROLL for (int i = 0; i < rows; ++i) {
        const I av = set_pair(a[i] + 2 * k);
        HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = dot(sum[i][j], av, bv[j]);
      }
    }
  }
  alignas(64) int32_t sums[rows][vectors * width];
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) store_ints(&sums[i][j * width], sum[i][j]);
  }
  finish(t, bias, scale, &sums[0][0], rows, vectors * width);
}

}  // namespace hone::kernels::HONE_ISA
