#include "device/kernels/lanes.h"

#include <type_traits>

namespace hone::kernels {
namespace {

// The C++ type of an element that is one; false for the codes of small floats and for what is
// narrower than a byte.
template <class F>
bool with_native(DType t, F&& f) {
  switch (t) {
    case DType::f32: return f(float{}), true;
    case DType::f64: return f(double{}), true;
    case DType::i8: return f(int8_t{}), true;
    case DType::i16: return f(int16_t{}), true;
    case DType::i32: return f(int32_t{}), true;
    case DType::i64: return f(int64_t{}), true;
    case DType::u8: return f(uint8_t{}), true;
    case DType::u16: return f(uint16_t{}), true;
    case DType::u32: return f(uint32_t{}), true;
    case DType::u64: return f(uint64_t{}), true;
    default: return false;
  }
}

uint32_t code_at(int width, const void* base, int64_t i) {
  if (width == 16) return static_cast<const uint16_t*>(base)[i];
  const auto* bytes = static_cast<const uint8_t*>(base);
  if (width == 8) return bytes[i];
  const int64_t bit = i * width;
  return static_cast<uint32_t>(bytes[bit >> 3]) >> (bit & 7) & ((1u << width) - 1);
}

void put_code(int width, void* base, int64_t i, uint32_t code) {
  auto* bytes = static_cast<uint8_t*>(base);
  if (width == 16) {
    static_cast<uint16_t*>(base)[i] = static_cast<uint16_t>(code);
  } else if (width == 8) {
    bytes[i] = static_cast<uint8_t>(code);
  } else {
    const int64_t bit = i * width;
    const uint32_t shifted = (code & ((1u << width) - 1)) << (bit & 7);
    const uint32_t before = (bit & 7) == 0 ? 0 : bytes[bit >> 3];
    bytes[bit >> 3] = static_cast<uint8_t>(before | shifted);
  }
}

// The top 53 bits, the last of them set where anything below was lost.
double odd_double(int64_t v, bool is_unsigned) {
  const bool negative = !is_unsigned && v < 0;
  uint64_t m = negative ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
  if (m >> 52 != 0) m = (m & ~uint64_t{0xffff}) | ((m & 0xffff) != 0 ? 0x10000 : 0);
  const double d = static_cast<double>(m);
  return negative ? -d : d;
}

int64_t float_to_int64(double v, bool to_u64) {
  if (v != v) return 0;
  if (to_u64 && v >= 0x1p63 && v < 0x1p64) return static_cast<int64_t>(static_cast<uint64_t>(v));
  if (v >= 0x1p63) return INT64_MAX;
  if (v < -0x1p63) return INT64_MIN;
  return static_cast<int64_t>(v);
}

}  // namespace

void load_lanes(DType t, const void* base, int64_t at, int64_t n, int64_t* to) {
  const bool native = with_native(t, [&](auto as) {
    using T = decltype(as);
    if constexpr (std::is_integral_v<T>) {
      const T* from = static_cast<const T*>(base) + at;
      for (int64_t i = 0; i < n; ++i) to[i] = static_cast<int64_t>(from[i]);
    }
  });
  if (native) return;
  const int width = bits(t);
  const bool negative = t == DType::i4 || t == DType::i2;
  const int64_t half = negative ? int64_t{1} << (width - 1) : 0;
  for (int64_t i = 0; i < n; ++i) {
    const auto code = static_cast<int64_t>(code_at(width, base, at + i));
    to[i] = t == DType::boolean ? code != 0 : (code ^ half) - half;
  }
}

void load_lanes(DType t, const void* base, int64_t at, int64_t n, double* to) {
  if (!is_float(t)) {
    int64_t whole[lane_block];
    for (int64_t done = 0; done < n; done += lane_block) {
      const int64_t some = n - done < lane_block ? n - done : lane_block;
      load_lanes(t, base, at + done, some, whole);
      for (int64_t i = 0; i < some; ++i) to[done + i] = odd_double(whole[i], t == DType::u64);
    }
  } else if (t == DType::f32) {
    const float* from = static_cast<const float*>(base) + at;
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<double>(from[i]);
  } else if (t == DType::f64) {
    const double* from = static_cast<const double*>(base) + at;
    for (int64_t i = 0; i < n; ++i) to[i] = from[i];
  } else {
    const int width = bits(t);
    for (int64_t i = 0; i < n; ++i) to[i] = small_float_value(t, code_at(width, base, at + i));
  }
}

void store_lanes(DType t, const int64_t* from, int64_t n, void* base, int64_t at) {
  const bool native = with_native(t, [&](auto as) {
    using T = decltype(as);
    if constexpr (std::is_integral_v<T>) {
      T* to = static_cast<T*>(base) + at;
      for (int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(from[i]);
    }
  });
  if (native) return;
  const int width = bits(t);
  for (int64_t i = 0; i < n; ++i) {
    put_code(width, base, at + i,
             t == DType::boolean ? from[i] != 0 : static_cast<uint32_t>(from[i]));
  }
}

void store_lanes(DType t, const double* from, int64_t n, void* base, int64_t at,
                 SmallFloatRules rules) {
  if (t == DType::f32) {
    float* to = static_cast<float*>(base) + at;
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<float>(from[i]);
  } else if (t == DType::f64) {
    double* to = static_cast<double*>(base) + at;
    for (int64_t i = 0; i < n; ++i) to[i] = from[i];
  } else if (is_float(t)) {
    const int width = bits(t);
    for (int64_t i = 0; i < n; ++i) {
      put_code(width, base, at + i, small_float_code(t, from[i], rules));
    }
  } else {
    int64_t whole[lane_block];
    for (int64_t done = 0; done < n; done += lane_block) {
      const int64_t some = n - done < lane_block ? n - done : lane_block;
      for (int64_t i = 0; i < some; ++i) {
        const double v = from[done + i];
        whole[i] = t == DType::boolean ? v != 0 : float_to_int64(v, t == DType::u64);
      }
      store_lanes(t, whole, some, base, at + done);
    }
  }
}

}  // namespace hone::kernels
