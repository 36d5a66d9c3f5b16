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

template <int rows, int vectors>
HONE_INLINE void add_residual(const HTile& t, Mask last, V (&sum)[rows][vectors]) {
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    const Bf16* r = static_cast<const Bf16*>(t.residual) + i * t.r_row;
    HONE_UNROLL for (int j = 0; j < vectors - 1; ++j) {
      sum[i][j] = add(sum[i][j], load(r + j * width));
    }
    sum[i][vectors - 1] = add(sum[i][vectors - 1], load(r + (vectors - 1) * width, last));
  }
}

// none, relu and clip, to bf16.
template <int rows, int vectors>
HONE_INLINE void finish_clamped(const HTile& t, V (&sum)[rows][vectors]) {
  const Epilogue& e = *t.epilogue;
  const Mask last = first_lanes(t.columns - (vectors - 1) * width);
  if (t.residual && !e.residual_after_act) add_residual(t, last, sum);
  const V lo = set1(e.lo), hi = set1(e.hi);
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = clamp(sum[i][j], lo, hi);
  }
  if (t.residual && e.residual_after_act) add_residual(t, last, sum);
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    Bf16* y = static_cast<Bf16*>(t.y) + i * t.y_row;
    HONE_UNROLL for (int j = 0; j < vectors - 1; ++j) store(y + j * width, sum[i][j]);
    store(y + (vectors - 1) * width, sum[i][vectors - 1], last);
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
  HONE_UNROLL for (int p = 1; p < sums; ++p) {
    HONE_UNROLL for (int i = 0; i < rows; ++i) {
      HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[0][i][j] = add(sum[0][i][j], sum[p][i][j]);
    }
  }
  if constexpr (finishes_in_registers) {
    if (t.epilogue->is_clamp && t.y_type == DType::bf16) return finish_clamped(t, sum[0]);
  }
  alignas(64) float done[rows][columns];
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) store(&done[i][j * width], sum[0][i][j]);
  }
  finish_sums(t, &done[0][0], rows, columns);
}

}  // namespace hone::kernels::HONE_ISA
