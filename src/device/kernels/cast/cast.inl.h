// cast between the types that models convert: floats of 16 bits by hand, the others in loops that
// the compiler makes vectors of. Included after simd/halves_<isa>.h with HONE_ISA set to the
// namespace; what is here is static.
#pragma once

#include <type_traits>

#include "device/kernels/cast/cast_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

struct Bool {
  uint8_t byte;  // may be neither 0 nor 1
};

template <class T, class U>
void cast_row(const T* x, U* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<T, Bool> && std::is_same_v<U, Bool>) {
      y[i].byte = x[i].byte != 0;
    } else if constexpr (std::is_same_v<T, Bool>) {
      y[i] = static_cast<U>(x[i].byte != 0 ? 1 : 0);
    } else if constexpr (std::is_same_v<U, Bool>) {
      y[i].byte = x[i] != 0;
    } else {
      y[i] = static_cast<U>(x[i]);
    }
  }
}

// Floats of less than 2^31 become int32_t and the low bits of that. False where one is not: NaN,
// infinite or large ones have rules of their own.
template <class U>
bool truncate_row(const float* x, U* y, int64_t n) {
  int beyond = 0;
  for (int64_t i = 0; i < n; ++i) beyond |= !(x[i] > -0x1p31f && x[i] < 0x1p31f);
  if (beyond != 0) return false;
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<U>(static_cast<int32_t>(x[i]));
  return true;
}

template <class T, class U>
bool cast_unit(const void* x, void* y, int64_t at, int64_t n) {
  const T* from = static_cast<const T*>(x) + at;
  U* to = static_cast<U*>(y) + at;
  if constexpr (std::is_same_v<T, float> && std::is_integral_v<U>) {
    return truncate_row(from, to, n);
  } else {
    return cast_row(from, to, n), true;
  }
}

// From or to floats of 16 bits.
template <class T, class U>
bool convert_unit(const void* x, void* y, int64_t at, int64_t n) {
  const T* from = static_cast<const T*>(x) + at;
  U* to = static_cast<U*>(y) + at;
  int64_t i = 0;
  for (; i + width <= n; i += width) store(to + i, load(from + i));
  if (i < n) store(to + i, load(from + i, first_lanes(n - i)), first_lanes(n - i));
  return true;
}

template <class T>
bool cast_unit(DType to, const void* x, void* y, int64_t at, int64_t n) {
  switch (to) {
    case DType::f32: return cast_unit<T, float>(x, y, at, n);
    case DType::i8:
    case DType::u8: return cast_unit<T, uint8_t>(x, y, at, n);
    case DType::i32: return cast_unit<T, int32_t>(x, y, at, n);
    case DType::i64: return cast_unit<T, int64_t>(x, y, at, n);
    case DType::boolean: return cast_unit<T, Bool>(x, y, at, n);
    default: return false;
  }
}

bool cast_unit(const CastParams& p, const void* x, void* y, int64_t at, int64_t n) {
  if (p.from == DType::f16) return convert_unit<F16, float>(x, y, at, n);
  if (p.from == DType::bf16) return convert_unit<Bf16, float>(x, y, at, n);
  if (p.to == DType::f16) return convert_unit<float, F16>(x, y, at, n);
  if (p.to == DType::bf16) return convert_unit<float, Bf16>(x, y, at, n);
  switch (p.from) {
    case DType::f32: return cast_unit<float>(p.to, x, y, at, n);
    case DType::i8: return cast_unit<int8_t>(p.to, x, y, at, n);
    case DType::u8: return cast_unit<uint8_t>(p.to, x, y, at, n);
    case DType::i32: return cast_unit<int32_t>(p.to, x, y, at, n);
    case DType::i64: return cast_unit<int64_t>(p.to, x, y, at, n);
    case DType::boolean: return cast_unit<Bool>(p.to, x, y, at, n);
    default: return false;
  }
}

}  // namespace

void cast_common(const RunArgs& args) {
  auto& p = *static_cast<const CastParams*>(args.params);
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const int64_t at = unit * chunk, left = p.count - at;
    if (left <= 0) return;
    if (cast_unit(p, args.in[0], args.out[0], at, left < chunk ? left : chunk)) continue;
    RunArgs rest = args;
    rest.begin = unit;
    rest.end = unit + 1;
    portable::cast_any(rest);
  }
}

}  // namespace hone::kernels::HONE_ISA
