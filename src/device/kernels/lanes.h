// Elements of every numeric type as doubles or 64-bit integers, a block at a time: what kernels of
// any type convert through, so that none has a loop for each pair of types.
//
// Elements narrower than a byte are packed from the low bits up. They are stored in order: the
// first of a byte clears its others, so pieces written apart begin at whole bytes.
#pragma once

#include <cstdint>

#include "common/tensor/dtype.h"
#include "common/tensor/small_float.h"

namespace hone::kernels {

constexpr int64_t lane_block = 256;  // on the stack, and whole bytes of any type

constexpr bool has_lanes(DType t) { return is_float(t) || is_integer(t) || t == DType::boolean; }

// Floats, exactly. Integers and bool: exactly up to 53 bits; above, such that rounding the double
// once more, to a narrower float, rounds like the integer itself.
void load_lanes(DType t, const void* base, int64_t at, int64_t n, double* to);
// Integers and bool; u64 keeps its bits.
void load_lanes(DType t, const void* base, int64_t at, int64_t n, int64_t* to);

// Floats, rounded once to nearest even. Integers: truncated towards zero into 64 bits as
// float_to_int64(), the low bits of which are kept. bool: x != 0.
void store_lanes(DType t, const double* from, int64_t n, void* base, int64_t at,
                 SmallFloatRules rules = {});
// Integers and bool: the low bits.
void store_lanes(DType t, const int64_t* from, int64_t n, void* base, int64_t at);

}  // namespace hone::kernels
