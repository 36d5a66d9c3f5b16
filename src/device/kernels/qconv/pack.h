// What the packings of qconv share.
#pragma once

#include "device/kernels/qconv/params.h"

namespace hone::kernels {

// The weights of a filter are stored as the model's less `shift`, and their zero point is then
// `zero`: 0 wherever all of them less their zero point are bytes.
struct QShift {
  int32_t shift, zero;
};
// depth: weights of one filter.
QShift shift_of(const RawWeights& raw, int64_t filter, int64_t depth);

// The zero point of x where its bytes are unsigned.
static inline int64_t x_zero_of(const QConvParams& p) {
  return p.x_zero + (p.x_type == DType::i8 ? 128 : 0);
}

// First sum, scale, bias and zero point of one column, `next` words from one to the other.
// filter: -1 where the column is none. x_sum: what the zero point of x adds to its sums.
void pack_head(const RawWeights& raw, int64_t filter, int64_t x_sum, int32_t zero, int64_t next,
               int32_t* column);

}  // namespace hone::kernels
