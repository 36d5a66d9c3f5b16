// Weights of com.microsoft's MatMulNBits: a matrix [k, n] in few bits, each column in blocks along
// k, two 4-bit elements to a byte, the first in the lower half.
#pragma once

#include "host/graph/graph.h"

namespace hone::ops {

struct NBits {
  int64_t k = 0, n = 0, bits = 4, block = 0;

  int64_t blocks() const { return (k + block - 1) / block; }        // of a column
  int64_t block_bytes() const { return (block * bits + 7) / 8; }    // the last is filled up
  int64_t zero_bytes() const { return (blocks() * bits + 7) / 8; }  // of a column
};

// From the node's attributes. Errors: invalid_argument for sizes that make no sense, unsupported
// for other than 4 or 8 bits.
Result<NBits> nbits_of(const graph::Node& node);

// (q - zero) scale as f32 [k, n]. `packed`: u8, n blocks() block_bytes() of them in any shape;
// `scales`: n blocks() floats; `zeros`: absent (half of the range), packed as u8 column by column,
// or as many floats as there are scales. Errors: shape_mismatch, unsupported (a type).
Result<Tensor> unpack_nbits(const NBits& form, const Tensor& packed, const Tensor& scales,
                            const Tensor& zeros);
// The inverse for symmetric i4 [k, n] without zero points: u8 [n, blocks(), block_bytes()].
Tensor pack_nbits(const NBits& form, const Tensor& integers);

}  // namespace hone::ops
