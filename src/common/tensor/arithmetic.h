// Arithmetic of tensors' elements where C++ leaves the result open: integers wrap, as NumPy's and
// ONNX Runtime's do, and what a number has no room for is its limit. Floats are as they always are.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

namespace hone {

template <class T>
constexpr T wrap_add(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return a + b;
  return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
template <class T>
constexpr T wrap_sub(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return a - b;
  return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
template <class T>
constexpr T wrap_mul(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return a * b;
  return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
// Towards zero; b is not 0. The smallest number through -1 wraps to itself.
template <class T>
constexpr T wrap_div(T a, T b) {
  if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    if (b == -1) return wrap_sub(T(0), a);
  }
  return a / b;
}
// The absolute value; of the smallest number itself.
template <class T>
constexpr T wrap_abs(T a) {
  return a < 0 ? wrap_sub(T(0), a) : a;
}

// int64_t, uint64_t: towards zero, NaN is 0, what is out of range its end. double: v itself.
template <class T>
constexpr T from_double(double v) {
  if constexpr (std::is_integral_v<T>) {
    static_assert(sizeof(T) == 8);
    if (v != v) return 0;
    constexpr double low = std::is_signed_v<T> ? -0x1p63 : 0;
    constexpr double end = std::is_signed_v<T> ? 0x1p63 : 0x1p64;
    if (v < low) return std::numeric_limits<T>::min();
    return v >= end ? std::numeric_limits<T>::max() : static_cast<T>(v);
  } else {
    return v;
  }
}

}  // namespace hone
