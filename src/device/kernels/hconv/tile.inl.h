// The tile of hconv/tile.h over the vectors of one ISA. Included after what multiplies pairs
// (hconv/widened.h) and what finishes sums (hconv/finish.inl.h).
#pragma once

#include "device/kernels/hconv/tile.h"

namespace hone::kernels::HONE_ISA {

// Few sums would wait for each other: small tiles keep several partial ones.
constexpr int partial_sums(int rows, int vectors) {
  return rows * vectors <= 2 ? 4 : rows * vectors <= 4 ? 2 : 1;
}

template <class H, int rows, int vectors>
HONE_INLINE void multiply_pair(const X* a, int64_t a_row, const H* b, int part,
                               V (&sum)[rows][vectors]) {
  decltype(load_weights(b, 0, 0, 0)) w[vectors];
  HONE_UNROLL for (int j = 0; j < vectors; ++j) {
    w[j] = load_weights(b, vectors * width, j, part);
  }
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    const auto x = set_x(a + i * a_row, part);
    HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = dot(sum[i][j], x, w[j]);
  }
}

template <class H, int rows, int vectors>
static void htile(const HTile& t) {
  constexpr int columns = vectors * width, sums = partial_sums(rows, vectors);
  // Pairs that all partial sums together take up.
  constexpr int step = sums < parts ? 1 : sums / parts;
  const float* bias = reinterpret_cast<const float*>(t.panel);
  const H* b = reinterpret_cast<const H*>(bias + columns);
  const X* a = static_cast<const X*>(t.a);
  const int64_t a_row = t.a_bytes / static_cast<int64_t>(sizeof(X));
  V sum[sums][rows][vectors];
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) {
      sum[0][i][j] = load(bias + j * width);
      HONE_UNROLL for (int p = 1; p < sums; ++p) sum[p][i][j] = zero();
    }
  }
  int64_t k = 0;
  for (; k + step <= t.pairs; k += step) {
    HONE_UNROLL for (int s = 0; s < step; ++s) {
      HONE_UNROLL for (int p = 0; p < parts; ++p) {
        multiply_pair<H, rows, vectors>(a, a_row, b, p, sum[(s * parts + p) % sums]);
      }
      a += 2, b += 2 * columns;
    }
  }
  for (; k < t.pairs; ++k, a += 2, b += 2 * columns) {
    HONE_UNROLL for (int p = 0; p < parts; ++p) {
      multiply_pair<H, rows, vectors>(a, a_row, b, p, sum[0]);
    }
  }
  alignas(64) float done[rows][columns];
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) {
      V v = sum[0][i][j];
      HONE_UNROLL for (int p = 1; p < sums; ++p) v = add(v, sum[p][i][j]);
      store(&done[i][j * width], v);
    }
  }
  finish_sums(t, &done[0][0], rows, columns);
}

}  // namespace hone::kernels::HONE_ISA
