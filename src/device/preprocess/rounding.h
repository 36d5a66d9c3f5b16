// Roundings of values far inside int32, without a call into libm where the baseline has no
// instruction for them.
#pragma once

#include <cstdint>

namespace hone::preprocess {

inline int32_t floor_of(double v) {
  const auto i = static_cast<int32_t>(v);
  return i - (static_cast<double>(i) > v ? 1 : 0);
}
inline int32_t ceil_of(double v) { return -floor_of(-v); }

// Ties to even, as lrint() and Python's round().
inline int32_t round_even(double v) {
  const int32_t low = floor_of(v);
  const double above = v - low;
  if (above != 0.5) return above < 0.5 ? low : low + 1;
  return low + (low & 1);
}

}  // namespace hone::preprocess
