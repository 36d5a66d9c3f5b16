// Element types. The numbers are ONNX's TensorProto.DataType, so that nothing has to be mapped.
#pragma once

#include <cstdint>

namespace hone {

enum class DType : uint8_t {
  none = 0,
  f32 = 1,
  u8 = 2,
  i8 = 3,
  u16 = 4,
  i16 = 5,
  i32 = 6,
  i64 = 7,
  string = 8,
  boolean = 9,
  f16 = 10,
  f64 = 11,
  u32 = 12,
  u64 = 13,
  c64 = 14,
  c128 = 15,
  bf16 = 16,
  f8e4m3fn = 17,
  f8e4m3fnuz = 18,
  f8e5m2 = 19,
  f8e5m2fnuz = 20,
  u4 = 21,
  i4 = 22,
  f4e2m1 = 23,
  f8e8m0 = 24,
  u2 = 25,
  i2 = 26,
};
constexpr int dtype_count = 27;

// Width of one element in bits; 0 for string and none, which have no fixed width.
constexpr int bits(DType t) {
  constexpr uint8_t table[dtype_count] = {0,  32,  8,  8, 16, 16, 32, 64, 0, 8, 16, 64, 32, 64,
                                          64, 128, 16, 8, 8,  8,  8,  4,  4, 4, 8,  2,  2};
  return static_cast<int>(t) < dtype_count ? table[static_cast<int>(t)] : 0;
}
constexpr bool is_valid(DType t) { return t != DType::none && static_cast<int>(t) < dtype_count; }

// Bytes of `count` elements, sub-byte types packed from the low bits up as ONNX does.
constexpr int64_t byte_size(DType t, int64_t count) { return (count * bits(t) + 7) / 8; }

// The name used in every text form and message: "f32", "i64", "bool", ...
constexpr const char* name(DType t) {
  constexpr const char* table[dtype_count] = {
      "none",       "f32",    "u8",         "i8",  "u16", "i16",    "i32",    "i64",  "string",
      "bool",       "f16",    "f64",        "u32", "u64", "c64",    "c128",   "bf16", "f8e4m3fn",
      "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "u4",  "i4",  "f4e2m1", "f8e8m0", "u2",   "i2"};
  return static_cast<int>(t) < dtype_count ? table[static_cast<int>(t)] : "invalid";
}

constexpr bool is_integer(DType t) {
  switch (t) {
    case DType::u8:
    case DType::i8:
    case DType::u16:
    case DType::i16:
    case DType::i32:
    case DType::i64:
    case DType::u32:
    case DType::u64:
    case DType::u4:
    case DType::i4:
    case DType::u2:
    case DType::i2: return true;
    default: return false;
  }
}
constexpr bool is_float(DType t) {
  switch (t) {
    case DType::f32:
    case DType::f16:
    case DType::f64:
    case DType::bf16:
    case DType::f8e4m3fn:
    case DType::f8e4m3fnuz:
    case DType::f8e5m2:
    case DType::f8e5m2fnuz:
    case DType::f4e2m1:
    case DType::f8e8m0: return true;
    default: return false;
  }
}
constexpr bool is_complex(DType t) { return t == DType::c64 || t == DType::c128; }

// DType of a C++ arithmetic type: dtype_of<float> == DType::f32.
template <class T>
inline constexpr DType dtype_of = DType::none;
template <>
inline constexpr DType dtype_of<float> = DType::f32;
template <>
inline constexpr DType dtype_of<double> = DType::f64;
template <>
inline constexpr DType dtype_of<bool> = DType::boolean;
template <>
inline constexpr DType dtype_of<int8_t> = DType::i8;
template <>
inline constexpr DType dtype_of<int16_t> = DType::i16;
template <>
inline constexpr DType dtype_of<int32_t> = DType::i32;
template <>
inline constexpr DType dtype_of<int64_t> = DType::i64;
template <>
inline constexpr DType dtype_of<uint8_t> = DType::u8;
template <>
inline constexpr DType dtype_of<uint16_t> = DType::u16;
template <>
inline constexpr DType dtype_of<uint32_t> = DType::u32;
template <>
inline constexpr DType dtype_of<uint64_t> = DType::u64;

}  // namespace hone
