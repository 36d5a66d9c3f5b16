// Elements of types of a byte and less, beside those of typed_tensor.h.
#pragma once

#include <cmath>

#include "common/tensor/small_float.h"
#include "device/kernels/testing/typed_tensor.h"

namespace hone::kernels::testing {

inline const std::vector<DType>& small_types() {
  static const std::vector<DType> types = {
      DType::f8e4m3fn, DType::f8e4m3fnuz, DType::f8e5m2, DType::f8e5m2fnuz, DType::f8e8m0,
      DType::f4e2m1,   DType::u4,         DType::i4,     DType::u2,         DType::i2};
  return types;
}
inline bool is_small(DType t) { return bits(t) <= 8 && (is_float(t) || bits(t) < 8); }

// Of a dense tensor of any numeric type.
inline double get_any(const Tensor& t, int64_t i) {
  const DType type = t.op.dtype;
  if (!is_small(type)) return get(t, i);
  const int width = bits(type);
  unsigned code = 0;
  for (int b = width - 1; b >= 0; --b) {
    const int64_t bit = i * width + b;
    code = code * 2 + (t.memory->data()[bit / 8] >> (bit % 8) & 1);
  }
  if (is_float(type)) return small_float_value(type, code);
  const bool negative = (type == DType::i4 || type == DType::i2) && code >> (width - 1) != 0;
  return static_cast<double>(code) - (negative ? std::ldexp(1.0, width) : 0.0);
}

// What the bits past the last element hold.
inline int padding(const Tensor& t) {
  const int64_t used = t.count() * bits(t.op.dtype) % 8;
  return used == 0 ? 0 : t.memory->data()[t.memory->bytes() - 1] >> used;
}

}  // namespace hone::kernels::testing
