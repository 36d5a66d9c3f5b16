// Elements as numbers of their type, for kernels of every numeric type that none is written for by
// hand.
#pragma once

#include <cstdint>

#include "common/tensor/dtype.h"

namespace hone::kernels {

// The types that with_number() knows.
constexpr bool is_number(DType t) {
  return t == DType::f32 || t == DType::f64 || (is_integer(t) && bits(t) >= 8);
}

// Calls f with a value of the C++ type of a type for which is_number() holds.
template <class F>
static inline void with_number(DType t, F&& f) {
  switch (t) {
    case DType::f32: return f(float{});
    case DType::f64: return f(double{});
    case DType::i8: return f(int8_t{});
    case DType::i16: return f(int16_t{});
    case DType::i32: return f(int32_t{});
    case DType::i64: return f(int64_t{});
    case DType::u8: return f(uint8_t{});
    case DType::u16: return f(uint16_t{});
    case DType::u32: return f(uint32_t{});
    case DType::u64: return f(uint64_t{});
    default: return;
  }
}

}  // namespace hone::kernels
