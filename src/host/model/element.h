// One element of any numeric type, at any address: what Tensor::at and Tensor::set are made of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/tensor/dtype.h"

namespace hone {

// `base` is the tensor's first byte and need not be aligned; elements below a byte are packed from
// the low bits up. Complex types give their real part. Strings have no elements here.
double load_element(DType type, const std::byte* base, int64_t i);
// Floats are truncated towards zero and saturate, NaN is 0; a u64 above 2^63 - 1 keeps its bits.
int64_t load_element_int(DType type, const std::byte* base, int64_t i);
// Rounds to nearest even (f8e8m0: up, as ONNX Cast does). Integers and the types below 16 bits
// saturate, f16 and bf16 overflow to infinity. NaN becomes 0 in integers, -0 in f4e2m1.
void store_element(DType type, std::byte* base, int64_t i, double value);

}  // namespace hone
