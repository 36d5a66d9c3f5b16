// What one pixel of a result is made of, where pixels are read at computed places: rows of x and
// their weights.
#pragma once

#include <cstdint>

namespace hone::kernels {

struct Tap {
  int64_t at;  // first element of the row; -1: a row of zeros
  float weight;
};
constexpr int max_taps = 64;

}  // namespace hone::kernels
