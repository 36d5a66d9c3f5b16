// Tensors of any element type, read and written as double or int64_t.
#pragma once

#include <limits>
#include <vector>

#include "common/tensor/half.h"
#include "device/kernels/testing/kernel_test_util.h"

namespace hone::kernels::testing {

inline const std::vector<DType>& integer_types() {
  static const std::vector<DType> types = {DType::i8, DType::i16, DType::i32, DType::i64,
                                           DType::u8, DType::u16, DType::u32, DType::u64};
  return types;
}

// Calls f with a value of the element type's C++ type.
template <class F>
void with_type(DType t, F&& f) {
  switch (t) {
    case DType::f32: return f(float{});
    case DType::f64: return f(double{});
    case DType::i8: return f(int8_t{});
    case DType::i16: return f(int16_t{});
    case DType::i32: return f(int32_t{});
    case DType::i64: return f(int64_t{});
    case DType::u8:
    case DType::boolean: return f(uint8_t{});
    case DType::u16: return f(uint16_t{});
    case DType::u32: return f(uint32_t{});
    case DType::u64: return f(uint64_t{});
    default: abort();
  }
}

// Element i in row-major order. Integers of 64 bits go through get_int.
inline double get(const Tensor& t, int64_t i) {
  double v = 0;
  if (t.op.dtype == DType::f16) return static_cast<double>(f16_to_f32(t.at<uint16_t>(i)));
  if (t.op.dtype == DType::bf16) return static_cast<double>(bf16_to_f32(t.at<uint16_t>(i)));
  with_type(t.op.dtype, [&](auto z) { v = static_cast<double>(t.at<decltype(z)>(i)); });
  return v;
}
inline int64_t get_int(const Tensor& t, int64_t i) {
  int64_t v = 0;
  with_type(t.op.dtype, [&](auto z) { v = static_cast<int64_t>(t.at<decltype(z)>(i)); });
  return v;
}
inline void set(const Tensor& t, int64_t i, double v) {
  if (t.op.dtype == DType::f16) return void(t.at<uint16_t>(i) = f32_to_f16(static_cast<float>(v)));
  if (t.op.dtype == DType::bf16)
    return void(t.at<uint16_t>(i) = f32_to_bf16(static_cast<float>(v)));
  with_type(t.op.dtype, [&](auto z) { t.at<decltype(z)>(i) = static_cast<decltype(z)>(v); });
}

// Small whole numbers for integers (0 to 1 for bool), [-4, 4] for floats.
inline Tensor random_of(Rng& rng, DType t, const Shape& shape) {
  Tensor x = tensor(t, shape);
  for (int64_t i = 0, n = x.count(); i < n; ++i) {
    if (t == DType::boolean) {
      set(x, i, random_int(rng, 0, 1));
    } else if (is_integer(t)) {
      with_type(t, [&](auto z) {
        x.at<decltype(z)>(i) = static_cast<decltype(z)>(random_int(rng, -9, 9));
      });
    } else {
      set(x, i, static_cast<double>(random_float(rng, -4, 4)));
    }
  }
  return x;
}

// Bytes without meaning, for kernels that only move them.
inline Tensor random_bytes(Rng& rng, DType t, const Shape& shape) {
  Tensor x = tensor(t, shape);
  for (int64_t i = 0; i < x.memory->bytes(); ++i) {
    x.memory->data()[i] = static_cast<uint8_t>(random_int(rng, 0, 255));
  }
  return x;
}
inline bool same_bytes(const Tensor& a, int64_t i, const Tensor& b, int64_t j) {
  size_t width = static_cast<size_t>(bits(a.op.dtype) / 8);
  return std::memcmp(a.memory->data() + static_cast<size_t>(a.offset(i)) * width,
                     b.memory->data() + static_cast<size_t>(b.offset(j)) * width, width) == 0;
}

// A copy with memory of its own.
inline Tensor clone(const Tensor& t) {
  Tensor c = t;
  c.memory = std::make_shared<GuardedMemory>(t.memory->bytes());
  std::memcpy(c.memory->data(), t.memory->data(), static_cast<size_t>(t.memory->bytes()));
  return c;
}

// Index of every dimension for row-major element i, and back.
inline std::vector<int64_t> index_of(const Shape& shape, int64_t i) {
  std::vector<int64_t> at(static_cast<size_t>(shape.rank()));
  for (int d = shape.rank() - 1; d >= 0; --d) {
    at[static_cast<size_t>(d)] = i % shape[d];
    i /= shape[d];
  }
  return at;
}
inline int64_t position_of(const Shape& shape, const std::vector<int64_t>& at) {
  int64_t i = 0;
  for (int d = 0; d < shape.rank(); ++d) i = i * shape[d] + at[static_cast<size_t>(d)];
  return i;
}
// Element of `from` that is read for element i of `to` under NumPy broadcasting.
inline int64_t broadcast_position(const Shape& from, const Shape& to, int64_t i) {
  std::vector<int64_t> at = index_of(to, i);
  int64_t p = 0;
  int lead = to.rank() - from.rank();
  for (int d = 0; d < from.rank(); ++d) {
    p = p * from[d] + (from[d] == 1 ? 0 : at[static_cast<size_t>(d + lead)]);
  }
  return p;
}

inline std::string text(const Shape& s) {
  std::string out = "[";
  for (int64_t d : s) out += std::to_string(d) + " ";
  return out + "]";
}

}  // namespace hone::kernels::testing
