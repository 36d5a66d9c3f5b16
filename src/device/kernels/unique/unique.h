// unique: the distinct rows of a matrix, where each stands first, which one every row is, and how
// often each occurs.
//
//   in[0]   x        [rows, width], dense; f32, f64, integers of >= 8 bits, bool
//   out[0]  y        as x: the first `count` rows are set
//   out[1]  first    i64 [rows], likewise
//   out[2]  inverse  i64 [rows], of every row of x
//   out[3]  counts   i64 [rows], as first
//   out[4]  count    i64, one element
//
// attrs.sorted: in order of their elements, the first counts most, NaN behind all others; else as
// they stand first in x. -0 is 0, NaN is NaN.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct UniqueAttrs {
  int32_t sorted;
};
constexpr const char* unique_attr_names = "sorted";

}  // namespace hone::kernels
