// simd/taps.inl.h in plain C++. For portable.cc files only.
#pragma once

#include "device/kernels/simd/taps.h"

namespace hone::kernels::portable {
namespace {

[[maybe_unused]] void add_taps(float* y, const float* x, const Tap* taps, int count, int64_t c,
                               bool more) {
  for (int64_t i = 0; !more && i < c; ++i) y[i] = 0;
  for (int t = 0; t < count; ++t) {
    if (taps[t].at < 0) continue;
    const float* row = x + taps[t].at;
    for (int64_t i = 0; i < c; ++i) y[i] += row[i] * taps[t].weight;
  }
}

[[maybe_unused]] void max_taps_of(float* y, const float* x, const Tap* taps, int count, int64_t c,
                                  bool more) {
  for (int t = 0; t < count; ++t) {
    for (int64_t i = 0; i < c; ++i) {
      const float v = taps[t].at < 0 ? 0 : x[taps[t].at + i] * taps[t].weight;
      if ((t == 0 && !more) || v > y[i]) y[i] = v;
    }
  }
}

}  // namespace
}  // namespace hone::kernels::portable
