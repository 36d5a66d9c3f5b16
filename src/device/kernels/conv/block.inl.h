// A vector of one pixel's channels on its way from and to memory, as depthwise and Winograd's
// kernels have it. `full`: of all lanes, so that the mask is not looked at: where the ISA has no
// masks of its own, masked stores are slow. Included after simd/<isa>.h.
#pragma once

#include "device/kernels/simd/act.inl.h"
#include "device/kernels/simd/tile.h"

#ifndef HONE_UNROLL
#define HONE_UNROLL _Pragma("GCC unroll 32")
#endif

namespace hone::kernels::HONE_ISA {
namespace {

template <bool full, class T>
HONE_INLINE V load_block(const T* p, Mask m) {
  if constexpr (full) return load(p);
  return load(p, m);
}

template <bool full, class T>
HONE_INLINE void store_block(T* p, V v, Mask m) {
  if constexpr (full) {
    store(p, v);
  } else {
    store(p, v, m);
  }
}

// The first `valid` of `count` pixels in a row; the others are sums of nothing. residual: nullptr:
// none.
template <bool full, int count, class T>
HONE_INLINE void finish_blocks(const Epilogue& e, const T* residual, int64_t r_row, T* y,
                               int64_t y_row, Mask m, int64_t valid, V (&v)[count]) {
  auto add_residual = [&]() __attribute__((always_inline)) {
    HONE_UNROLL for (int o = 0; o < count; ++o) {
      if (o < valid) v[o] = add(v[o], load_block<full>(residual + o * r_row, m));
    }
  };
  if (residual && !e.residual_after_act) add_residual();
  if (e.is_clamp) {
    const V lo = set1(e.lo), hi = set1(e.hi);
    HONE_UNROLL for (int o = 0; o < count; ++o) v[o] = clamp(v[o], lo, hi);
  } else {
    alignas(sizeof(V)) float sums[count * width];
    HONE_UNROLL for (int o = 0; o < count; ++o) store(sums + o * width, v[o]);
    apply_act(e.act, e.a, e.b, sums, count);
    HONE_UNROLL for (int o = 0; o < count; ++o) v[o] = load(sums + o * width);
  }
  if (residual && e.residual_after_act) add_residual();
  HONE_UNROLL for (int o = 0; o < count; ++o) {
    if (o < valid) store_block<full>(y + o * y_row, v[o], m);
  }
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
