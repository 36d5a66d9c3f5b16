// Floats of at most 16 bits as codes: f16, bf16, the f8 family, f4e2m1, f8e8m0.
#pragma once

#include <cstdint>

#include "common/tensor/dtype.h"

namespace hone {

// How f8e8m0, which holds powers of two only, takes what lies between two of them.
enum class ScaleRounding : int32_t { up, down, nearest };

struct SmallFloatRules {
  // f8 and f8e8m0: what is out of range becomes the largest value; otherwise infinity where the
  // type has one, else NaN. f16 and bf16 overflow to infinity, f4e2m1 saturates, whatever it says.
  bool saturate = true;
  ScaleRounding scale = ScaleRounding::up;
};

constexpr bool is_small_float(DType t) { return is_float(t) && bits(t) <= 16; }

double small_float_value(DType t, uint32_t code);
// Rounds to nearest even, once. NaN is the type's NaN; -0 in f4e2m1, as in ONNX's test suite. In
// f8e8m0 what is negative is NaN, and 0 out of range.
uint32_t small_float_code(DType t, double value, SmallFloatRules rules = {});

}  // namespace hone
