// Rows of 16-bit floats as Winograd's transforms have them. Included after simd/halves_<isa>.h.
#pragma once

#include "device/kernels/hconv/winograd.h"

namespace hone::kernels::HONE_ISA {
namespace {

template <class H>
void widen_row(const void* from, int64_t n, float* to) {
  const H* x = static_cast<const H*>(from);
  int64_t i = 0;
  for (; i + width <= n; i += width) store(to + i, load(x + i));
  if (i < n) store(to + i, load(x + i, first_lanes(n - i)), first_lanes(n - i));
}
template <class H>
void narrow_row(const float* from, int64_t n, void* to) {
  H* y = static_cast<H*>(to);
  int64_t i = 0;
  for (; i + width <= n; i += width) store(y + i, load(from + i));
  if (i < n) store(y + i, load(from + i, first_lanes(n - i)), first_lanes(n - i));
}

}  // namespace

const WinogradHalves rows_of_bf16 = {widen_row<Bf16>, narrow_row<Bf16>};
const WinogradHalves rows_of_f16 = {widen_row<F16>, narrow_row<F16>};

}  // namespace hone::kernels::HONE_ISA
