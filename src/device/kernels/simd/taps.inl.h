// Sums and maxima of weighted rows. Included after simd/<isa>.h with HONE_ISA set to its namespace.
#pragma once

#include "device/kernels/simd/taps.h"

namespace hone::kernels::HONE_ISA {
namespace {

// y = sum of the taps' rows, added to y where `more`. The order of the taps is that of the sum.
[[maybe_unused]] void add_taps(float* y, const float* x, const Tap* taps, int count, int64_t c,
                               bool more) {
  for (int64_t i = 0; i < c; i += width) {
    const Mask mask = first_lanes(c - i < width ? c - i : width);
    V sum = more ? load(y + i, mask) : zero();
    for (int t = 0; t < count; ++t) {
      if (taps[t].at >= 0) sum = fma(load(x + taps[t].at + i, mask), set1(taps[t].weight), sum);
    }
    store(y + i, sum, mask);
  }
}

// y = the largest of the taps' rows, and of y where `more`. At least one tap.
[[maybe_unused]] void max_taps_of(float* y, const float* x, const Tap* taps, int count, int64_t c,
                                  bool more) {
  for (int64_t i = 0; i < c; i += width) {
    const Mask mask = first_lanes(c - i < width ? c - i : width);
    V top = set1(-__builtin_inff());
    if (more) top = load(y + i, mask);
    for (int t = 0; t < count; ++t) {
      V v = zero();
      if (taps[t].at >= 0) v = mul(load(x + taps[t].at + i, mask), set1(taps[t].weight));
      top = max(v, top);
    }
    store(y + i, top, mask);
  }
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
