#include "host/model/element.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/tensor/small_float.h"

namespace hone {
namespace {

template <class T>
T load(const std::byte* base, int64_t i) {
  T value;
  std::memcpy(&value, base + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <class T>
void store(std::byte* base, int64_t i, T value) {
  std::memcpy(base + i * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

// The raw code of a type of at most 16 bits.
uint32_t load_code(DType t, const std::byte* base, int64_t i) {
  const int width = bits(t);
  if (width == 16) return load<uint16_t>(base, i);
  const int per_byte = 8 / width;
  const uint32_t whole = load<uint8_t>(base, i / per_byte);
  return (whole >> ((i % per_byte) * width)) & ((1u << width) - 1);
}

void store_code(DType t, std::byte* base, int64_t i, uint32_t code) {
  const int width = bits(t);
  if (width == 16) return store(base, i, static_cast<uint16_t>(code));
  const int per_byte = 8 / width;
  const int shift = static_cast<int>(i % per_byte) * width;
  const uint32_t mask = ((1u << width) - 1) << shift;
  const uint32_t whole = load<uint8_t>(base, i / per_byte);
  store(base, i / per_byte, static_cast<uint8_t>((whole & ~mask) | ((code << shift) & mask)));
}

template <class T>
T saturate(double value) {
  if (std::isnan(value)) return 0;
  // The upper limit of 64-bit types is not a double: 2^63 and 2^64 are, and are already too large.
  constexpr double limit = static_cast<double>(std::numeric_limits<T>::max());
  if (value >= limit) return std::numeric_limits<T>::max();
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) {
    return std::numeric_limits<T>::min();
  }
  return static_cast<T>(value);
}

int64_t sign_extend(uint32_t code, int width) {
  const int64_t half = int64_t{1} << (width - 1);
  return (static_cast<int64_t>(code) ^ half) - half;
}

}  // namespace

double load_element(DType type, const std::byte* base, int64_t i) {
  switch (type) {
    case DType::f32: return load<float>(base, i);
    case DType::f64: return load<double>(base, i);
    case DType::c64: return load<float>(base, 2 * i);
    case DType::c128: return load<double>(base, 2 * i);
    case DType::u64: return static_cast<double>(load<uint64_t>(base, i));
    case DType::f8e8m0:
    case DType::f16:
    case DType::bf16:
    case DType::f8e4m3fn:
    case DType::f8e4m3fnuz:
    case DType::f8e5m2:
    case DType::f8e5m2fnuz:
    case DType::f4e2m1: return small_float_value(type, load_code(type, base, i));
    default: return static_cast<double>(load_element_int(type, base, i));
  }
}

int64_t load_element_int(DType type, const std::byte* base, int64_t i) {
  switch (type) {
    case DType::boolean: return load<uint8_t>(base, i) != 0;
    case DType::u8:
    case DType::u16:
    case DType::u4:
    case DType::u2: return load_code(type, base, i);
    case DType::i8:
    case DType::i16:
    case DType::i4:
    case DType::i2: return sign_extend(load_code(type, base, i), bits(type));
    case DType::i32: return load<int32_t>(base, i);
    case DType::u32: return load<uint32_t>(base, i);
    case DType::i64: return load<int64_t>(base, i);
    case DType::u64: return static_cast<int64_t>(load<uint64_t>(base, i));
    case DType::none:
    case DType::string: assert(!"strings are not numbers"); return 0;
    default: return saturate<int64_t>(load_element(type, base, i));
  }
}

void store_element(DType type, std::byte* base, int64_t i, double value) {
  const double whole = std::nearbyint(value);
  switch (type) {
    case DType::f32: return store(base, i, static_cast<float>(value));
    case DType::f64: return store(base, i, value);
    case DType::c64:
      store(base, 2 * i, static_cast<float>(value));
      return store(base, 2 * i + 1, 0.0f);
    case DType::c128: store(base, 2 * i, value); return store(base, 2 * i + 1, 0.0);
    case DType::boolean: return store(base, i, static_cast<uint8_t>(value != 0));
    case DType::u8: return store(base, i, saturate<uint8_t>(whole));
    case DType::i8: return store(base, i, saturate<int8_t>(whole));
    case DType::u16: return store(base, i, saturate<uint16_t>(whole));
    case DType::i16: return store(base, i, saturate<int16_t>(whole));
    case DType::u32: return store(base, i, saturate<uint32_t>(whole));
    case DType::i32: return store(base, i, saturate<int32_t>(whole));
    case DType::u64: return store(base, i, saturate<uint64_t>(whole));
    case DType::i64: return store(base, i, saturate<int64_t>(whole));
    case DType::u4:
    case DType::u2: {
      const int64_t top = (int64_t{1} << bits(type)) - 1;
      const int64_t v = std::clamp<int64_t>(saturate<int64_t>(whole), 0, top);
      return store_code(type, base, i, static_cast<uint32_t>(v));
    }
    case DType::i4:
    case DType::i2: {
      const int64_t half = int64_t{1} << (bits(type) - 1);
      const int64_t v = std::clamp<int64_t>(saturate<int64_t>(whole), -half, half - 1);
      return store_code(type, base, i, static_cast<uint32_t>(v));
    }
    case DType::none:
    case DType::string: assert(!"strings are not numbers"); return;
    default: return store_code(type, base, i, small_float_code(type, value));
  }
}

}  // namespace hone
