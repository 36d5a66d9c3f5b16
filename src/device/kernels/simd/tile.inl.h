// The tile of simd/tile.h over the vectors of one ISA. Included after simd/<isa>.h.
#pragma once

#include "device/kernels/simd/act.inl.h"
#include "device/kernels/simd/tile.h"

#define HONE_UNROLL _Pragma("GCC unroll 32")

namespace hone::kernels::HONE_ISA {

// The finish of sums in memory (rows of `row` floats): any activation.
static __attribute__((noinline)) void finish_sums(const Tile& t, float* sums, int rows,
                                                  int64_t row) {
  const Epilogue& e = *t.epilogue;
  const bool residual_first = t.residual && !e.residual_after_act;
  for (int i = 0; residual_first && i < rows; ++i) {
    for (int64_t j = 0; j < t.columns; j += width) {
      Mask m = first_lanes(t.columns - j < width ? t.columns - j : width);
      float* sum = sums + i * row + j;
      store(sum, add(load(sum), load(t.residual + i * t.r_row + j, m)));
    }
  }
  apply_act(e.act, e.a, e.b, sums, rows * row / width);
  for (int i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < t.columns; j += width) {
      Mask m = first_lanes(t.columns - j < width ? t.columns - j : width);
      V v = load(sums + i * row + j);
      if (t.residual && !residual_first) v = add(v, load(t.residual + i * t.r_row + j, m));
      store(t.y + i * t.y_row + j, v, m);
    }
  }
}

template <int rows, int vectors>
HONE_INLINE void add_residual(const Tile& t, Mask last, V (&sum)[rows][vectors]) {
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    const float* r = t.residual + i * t.r_row;
    HONE_UNROLL for (int j = 0; j < vectors - 1; ++j) {
      sum[i][j] = add(sum[i][j], load(r + j * width));
    }
    sum[i][vectors - 1] = add(sum[i][vectors - 1], load(r + (vectors - 1) * width, last));
  }
}

template <int rows, int vectors>
HONE_INLINE void finish_clamped(const Tile& t, V (&sum)[rows][vectors]) {
  const Epilogue& e = *t.epilogue;
  Mask last = first_lanes(t.columns - (vectors - 1) * width);
  if (t.residual && !e.residual_after_act) add_residual(t, last, sum);
  if (e.act != Act::none) {
    V lo = set1(e.lo), hi = set1(e.hi);
    HONE_UNROLL for (int i = 0; i < rows; ++i) {
      HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = clamp(sum[i][j], lo, hi);
    }
  }
  if (t.residual && e.residual_after_act) add_residual(t, last, sum);
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    float* y = t.y + i * t.y_row;
    HONE_UNROLL for (int j = 0; j < vectors - 1; ++j) store(y + j * width, sum[i][j]);
    store(y + (vectors - 1) * width, sum[i][vectors - 1], last);
  }
}

// sum += the products of one k: `rows` scalars at a[i][k] times the vectors at b.
template <int rows, int vectors>
HONE_INLINE void multiply(const float* const (&a)[rows], int64_t k, const float* b,
                          V (&sum)[rows][vectors]) {
  V bv[vectors];
  HONE_UNROLL for (int j = 0; j < vectors; ++j) bv[j] = load(b + j * width);
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    const Factor av = factor(a[i] + k);
    HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = fma(av, bv[j], sum[i][j]);
  }
}

// Few sums would wait for each other's FMA: small tiles keep several partial sums.
constexpr int partial_sums(int rows, int vectors) {
  return rows * vectors <= 2 ? 4 : rows * vectors <= 4 ? 2 : 1;
}

template <int rows, int vectors>
static void tile_f32(const Tile& t) {
  constexpr int parts = partial_sums(rows, vectors);
  V sum[parts][rows][vectors];
  const float* b = t.panel;
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) {
      sum[0][i][j] = load(b + j * width);
      HONE_UNROLL for (int p = 1; p < parts; ++p) sum[p][i][j] = zero();
    }
  }
  b += vectors * width;
  const float* const* pointers = t.a;
  for (int64_t tap = 0; tap < t.taps; ++tap, pointers += max_tile_rows) {
    if (pointers[0] == nullptr) {
      b += t.k * vectors * width;
      continue;
    }
    const float* a[rows];
    HONE_UNROLL for (int i = 0; i < rows; ++i) a[i] = pointers[i];
    int64_t k = 0;
    for (; parts > 1 && k + parts <= t.k; k += parts) {
      HONE_UNROLL for (int p = 0; p < parts; ++p) {
        multiply<rows, vectors>(a, k + p, b, sum[p]);
        b += vectors * width;
      }
    }
    for (; k < t.k; ++k) {
      multiply<rows, vectors>(a, k, b, sum[0]);
      b += vectors * width;
    }
  }
  HONE_UNROLL for (int p = 1; p < parts; ++p) {
    HONE_UNROLL for (int i = 0; i < rows; ++i) {
      HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[0][i][j] = add(sum[0][i][j], sum[p][i][j]);
    }
  }
  if (t.epilogue->is_clamp) return finish_clamped(t, sum[0]);
  alignas(64) float sums[rows][vectors * width];
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) store(&sums[i][j * width], sum[0][i][j]);
  }
  finish_sums(t, &sums[0][0], rows, vectors * width);
}

}  // namespace hone::kernels::HONE_ISA
