// reduce: over the axes whose bit is set.
//
//   in[0]  x  [any shape of rank 1 to 8], dense; f32 fast, f64, i32, i64 and others portable
//   out[0] y  x's shape with the reduced axes 1 (keepdims) or gone; the memory is the same. Dense.
//             i64 for arg_max, arg_min (exactly one axis).
//
// dims: none, or the axes' bits where they are computed (attrs' are 0 then); of y's shape only the
// number of elements counts.
//
// An empty reduction gives the neutral element (0; 1 for prod; -inf / +inf or the type's limits for
// max / min). mean of f32 sums in f32 pairwise or wider; log_sum_exp subtracts the maximum first.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

// Append only.
enum class Reduce : int32_t {
  sum = 0,
  mean,
  max,
  min,
  prod,
  l1,
  l2,
  sum_square,
  log_sum,
  log_sum_exp,
  arg_max,
  arg_min,
};
constexpr int reduce_end = static_cast<int>(Reduce::arg_min) + 1;

struct ReduceAttrs {
  Reduce op;
  uint32_t axes;              // bit i: axis i of x
  int32_t select_last_index;  // arg_max, arg_min: the last of equal ones instead of the first
};
constexpr const char* reduce_attr_names = "op axes select_last_index";

}  // namespace hone::kernels
