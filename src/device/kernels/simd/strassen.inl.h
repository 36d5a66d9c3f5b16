// The loops of simd/strassen.h over the vectors of one ISA. Included after simd/<isa>.h.
#pragma once

#include "device/kernels/simd/strassen.h"
#include "device/kernels/simd/tile.inl.h"

namespace hone::kernels::HONE_ISA {

static void strassen_add_rows(const StrassenSums& s) {
  const int64_t step = s.top * s.sums_row;
  for (int64_t i = 0; i < s.top; ++i) {
    const float* upper = s.x + i * s.x_row;
    const bool is_there = i < s.bottom;
    const float* lower = is_there ? s.x + (s.top + i) * s.x_row : s.zeros;
    const float* lower_right = is_there ? lower + s.k : s.zeros;
    float* to = s.sums + i * s.sums_row;
    for (int64_t k = 0; k < s.k; k += width) {
      const Mask m = first_lanes(s.k - k < width ? s.k - k : width);
      const V x11 = load(upper + k, m), x12 = load(upper + s.k + k, m);
      const V x21 = load(lower + k, m), x22 = load(lower_right + k, m);
      // Rows of sums have whole vectors.
      store(to + k, add(x11, x22));
      store(to + step + k, add(x21, x22));
      store(to + 2 * step + k, add(x11, x12));
      store(to + 3 * step + k, sub(x21, x11));
      store(to + 4 * step + k, sub(x12, x22));
    }
  }
}

// The four results of a row's vector: upper left, upper right, lower left, lower right.
HONE_INLINE void strassen_results(const float* p, int64_t step, V (&y)[4]) {
  const V p0 = load(p), p1 = load(p + step), p2 = load(p + 2 * step), p3 = load(p + 3 * step);
  const V p4 = load(p + 4 * step), p5 = load(p + 5 * step), p6 = load(p + 6 * step);
  y[0] = add(add(p0, p3), sub(p6, p4));
  y[1] = add(p2, p4);
  y[2] = add(p1, p3);
  y[3] = add(sub(p0, p1), add(p2, p5));
}

// The part of `f` that result `i` of strassen_results() is, as a tile.
static Tile strassen_part(const StrassenFinish& f, int i) {
  Tile t{};
  const int64_t row = i / 2 * f.lower, column = i % 2 * f.right;
  t.y = f.y + row * f.y_row + column, t.y_row = f.y_row;
  t.residual = f.residual ? f.residual + row * f.r_row + column : nullptr, t.r_row = f.r_row;
  t.columns = f.columns, t.epilogue = f.epilogue;
  return t;
}

static void strassen_finish(const StrassenFinish& f) {
  const Epilogue& e = *f.epilogue;
  const V lo = set1(e.lo), hi = set1(e.hi);
  const Tile parts[] = {strassen_part(f, 0), strassen_part(f, 1), strassen_part(f, 2),
                        strassen_part(f, 3)};
  for (int64_t i = 0; i < f.top; ++i) {
    const int count = i < f.bottom ? 4 : 2;
    for (int64_t j = 0; j < f.columns; j += width) {
      float* p = f.products + i * f.wide + j;
      V y[4];
      strassen_results(p, f.product_step, y);
      if (!e.is_clamp) {
        HONE_UNROLL for (int q = 0; q < 4; ++q) store(p + q * f.product_step, y[q]);
        continue;
      }
      const Mask m = first_lanes(f.columns - j < width ? f.columns - j : width);
      HONE_UNROLL for (int q = 0; q < 4; ++q) {
        if (q >= count) break;
        const Tile& t = parts[q];
        if (t.residual) {
          const V r = load(t.residual + i * t.r_row + j, m);
          y[q] = e.residual_after_act ? add(clamp(y[q], lo, hi), r) : clamp(add(y[q], r), lo, hi);
        } else {
          y[q] = clamp(y[q], lo, hi);
        }
        store(t.y + i * t.y_row + j, y[q], m);
      }
    }
  }
  for (int q = 0; !e.is_clamp && q < 4; ++q) {
    finish_sums(parts[q], f.products + q * f.product_step,
                static_cast<int>(q < 2 ? f.top : f.bottom), f.wide);
  }
}

const StrassenLoops strassen_loops = {strassen_add_rows, strassen_finish};

}  // namespace hone::kernels::HONE_ISA
