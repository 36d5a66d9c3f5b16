// A vector of one pixel's channels on its way from and to memory, as depthwise and Winograd's
// kernels have it. `full`: of all lanes, so that the mask is not looked at: where the ISA has no
// masks of its own, masked stores are slow. Included after simd/<isa>.h.
#pragma once

#include "device/kernels/simd/act.inl.h"
#include "device/kernels/simd/tile.h"

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

// residual: nullptr: none.
template <bool full, class T>
HONE_INLINE void finish_block(const Epilogue& e, const T* residual, T* y, Mask m, V v) {
  V more = zero();
  if (residual) more = load_block<full>(residual, m);
  if (residual && !e.residual_after_act) v = add(v, more);
  v = e.is_clamp ? clamp(v, set1(e.lo), set1(e.hi)) : apply_act(e.act, e.a, e.b, v);
  if (residual && e.residual_after_act) v = add(v, more);
  store_block<full>(y, v, m);
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
