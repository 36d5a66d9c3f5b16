// Do two tensors agree? Judged per channel, so that a small channel cannot hide behind a big one.
#pragma once

#include <string>

#include "host/model/tensor.h"

namespace hone::ship {

struct Comparison {
  bool same_type = false;  // dtype and dims
  bool agree = false;
  double worst = 0;       // largest |a - b| / s, s the largest |b| of the channel (at least 1e-6)
  int64_t worst_at = -1;  // element
  double max_abs = 0;
  double cosine = 1;
  int64_t not_finite = 0;  // elements where only one side is NaN or infinite
  std::string text;        // one line
};

// |a - b| <= tolerance * s per channel (axis 1 for rank >= 3, else all elements are one channel).
// Integers and bools: equal on 99.9 % of the elements. b is the reference.
Comparison compare(const Tensor& a, const Tensor& b, double tolerance);

}  // namespace hone::ship
