// Sums of an hconv tile on their way out, over the vectors of one ISA. Included after
// simd/halves_<isa>.h.
#pragma once

#include "device/kernels/hconv/tile.h"
#include "device/kernels/simd/act.inl.h"

namespace hone::kernels::HONE_ISA {

template <class Y>
HONE_INLINE void finish_rows(const HTile& t, const float* sums, int rows, int64_t row) {
  const Epilogue& e = *t.epilogue;
  const V lo = set1(e.lo), hi = set1(e.hi);
  for (int i = 0; i < rows; ++i) {
    Y* y = static_cast<Y*>(t.y) + i * t.y_row;
    const Y* r = static_cast<const Y*>(t.residual);
    if (r) r += i * t.r_row;
    for (int64_t j = 0; j < t.columns; j += width) {
      const bool whole = t.columns - j >= width;
      const Mask m = first_lanes(whole ? width : t.columns - j);
      V v = load(sums + i * row + j), residual = zero();
      if (r) residual = whole ? load(r + j) : load(r + j, m);
      if (r && !e.residual_after_act) v = add(v, residual);
      v = e.is_clamp ? clamp(v, lo, hi) : apply_act(e.act, e.a, e.b, v);
      if (r && e.residual_after_act) v = add(v, residual);
      if (whole) {
        store(y + j, v);
      } else {
        store(y + j, v, m);
      }
    }
  }
}

// Of `rows` rows, `row` floats from one to the next.
static __attribute__((noinline)) void finish_sums(const HTile& t, const float* sums, int rows,
                                                  int64_t row) {
  if (t.y_type == DType::f32) return finish_rows<float>(t, sums, rows, row);
  if (t.y_type == DType::bf16) return finish_rows<Bf16>(t, sums, rows, row);
  finish_rows<F16>(t, sums, rows, row);
}

}  // namespace hone::kernels::HONE_ISA
