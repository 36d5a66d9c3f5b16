#include <bit>
#include <cstring>
#include <type_traits>

#include "common/tensor/half.h"
#include "device/kernels/cast/cast_impl.h"
#include "device/kernels/check.h"

// Every pair of types would be 169 loops. Values go through a block in the widest type of their
// kind instead: double for floats, uint64_t for itself, int64_t for the other integers. Each holds
// its sources exactly, so there is one rounding, the last.
namespace hone::kernels::portable {
namespace {

struct F16 {
  uint16_t bits;
};
struct Bf16 {
  uint16_t bits;
};
struct Bool {
  uint8_t byte;
};  // may be neither 0 nor 1

template <class T>
double load_float(T v) {
  return static_cast<double>(v);
}
double load_float(F16 v) { return static_cast<double>(f16_to_f32(v.bits)); }
double load_float(Bf16 v) { return static_cast<double>(bf16_to_f32(v.bits)); }
template <class T>
int64_t load_int(T v) {
  return static_cast<int64_t>(v);
}
int64_t load_int(Bool v) { return v.byte != 0; }

// To f32 such that rounding the result once more, to fewer bits, rounds like the double itself:
// towards zero with the last bit set where anything was lost.
float round_to_odd(double d) {
  float f = static_cast<float>(d);
  if (d != d || static_cast<double>(f) == d) return f;
  uint32_t u = std::bit_cast<uint32_t>(f);
  double size = d < 0 ? -d : d, got = static_cast<double>(f < 0 ? -f : f);
  if (got > size) --u;
  return std::bit_cast<float>(u | 1);
}
// The same for the step from 64-bit integers to double.
template <class W>
double odd_double(W v) {
  if constexpr (std::is_same_v<W, double>) {
    return v;
  } else {
    bool negative = v < 0;
    uint64_t m = negative ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
    if (m >> 52) m = (m & ~uint64_t{0xffff}) | (m & 0xffff ? 0x10000 : 0);
    double d = static_cast<double>(m);
    return negative ? -d : d;
  }
}

template <class T>
T float_to_int(double v) {
  if (v != v) return 0;
  if (std::is_same_v<T, uint64_t> && v >= 0x1p63 && v < 0x1p64) return static_cast<T>(v);
  if (v >= 0x1p63) return static_cast<T>(INT64_MAX);
  if (v < -0x1p63) return static_cast<T>(INT64_MIN);
  return static_cast<T>(static_cast<int64_t>(v));
}

template <class T, class W>
T store(W v) {
  if constexpr (std::is_same_v<T, Bool>) {
    return {v != 0};
  } else if constexpr (std::is_same_v<T, F16>) {
    return {f32_to_f16(round_to_odd(odd_double(v)))};
  } else if constexpr (std::is_same_v<T, Bf16>) {
    return {f32_to_bf16(round_to_odd(odd_double(v)))};
  } else if constexpr (std::is_integral_v<T> && std::is_same_v<W, double>) {
    return float_to_int<T>(v);
  } else {
    return static_cast<T>(v);
  }
}

template <class T, class W>
void write(const W* from, void* y, int64_t at, int64_t n) {
  T* to = static_cast<T*>(y) + at;
  for (int64_t i = 0; i < n; ++i) to[i] = store<T>(from[i]);
}

template <class W>
void write_as(DType t, const W* from, void* y, int64_t at, int64_t n) {
  switch (t) {
    case DType::f32: return write<float>(from, y, at, n);
    case DType::f64: return write<double>(from, y, at, n);
    case DType::f16: return write<F16>(from, y, at, n);
    case DType::bf16: return write<Bf16>(from, y, at, n);
    case DType::i8: return write<int8_t>(from, y, at, n);
    case DType::i16: return write<int16_t>(from, y, at, n);
    case DType::i32: return write<int32_t>(from, y, at, n);
    case DType::i64: return write<int64_t>(from, y, at, n);
    case DType::u8: return write<uint8_t>(from, y, at, n);
    case DType::u16: return write<uint16_t>(from, y, at, n);
    case DType::u32: return write<uint32_t>(from, y, at, n);
    case DType::u64: return write<uint64_t>(from, y, at, n);
    case DType::boolean: return write<Bool>(from, y, at, n);
    default: return;
  }
}

constexpr int64_t block = 256;

template <class T, class W>
void run(const RunArgs& args, DType to, int64_t begin, int64_t end) {
  const T* x = static_cast<const T*>(args.in[0]);
  W wide[block];
  for (int64_t at = begin; at < end; at += block) {
    int64_t n = min_of(block, end - at);
    for (int64_t i = 0; i < n; ++i) {
      if constexpr (std::is_same_v<W, double>) {
        wide[i] = load_float(x[at + i]);
      } else if constexpr (std::is_same_v<W, int64_t>) {
        wide[i] = load_int(x[at + i]);
      } else {
        wide[i] = x[at + i];
      }
    }
    write_as<W>(to, wide, args.out[0], at, n);
  }
}

}  // namespace

void cast_any(const RunArgs& args) {
  auto* p = static_cast<const CastParams*>(args.params);
  const auto [begin, end] = elements_of_units(args, p->count);
  if (begin >= end) return;
  if (p->from == p->to) {
    int64_t width = element_bytes(p->from), at = begin * width;
    std::memmove(static_cast<uint8_t*>(args.out[0]) + at,
                 static_cast<const uint8_t*>(args.in[0]) + at,
                 static_cast<size_t>((end - begin) * width));
    return;
  }
  switch (p->from) {
    case DType::f32: return run<float, double>(args, p->to, begin, end);
    case DType::f64: return run<double, double>(args, p->to, begin, end);
    case DType::f16: return run<F16, double>(args, p->to, begin, end);
    case DType::bf16: return run<Bf16, double>(args, p->to, begin, end);
    case DType::i8: return run<int8_t, int64_t>(args, p->to, begin, end);
    case DType::i16: return run<int16_t, int64_t>(args, p->to, begin, end);
    case DType::i32: return run<int32_t, int64_t>(args, p->to, begin, end);
    case DType::i64: return run<int64_t, int64_t>(args, p->to, begin, end);
    case DType::u8: return run<uint8_t, int64_t>(args, p->to, begin, end);
    case DType::u16: return run<uint16_t, int64_t>(args, p->to, begin, end);
    case DType::u32: return run<uint32_t, int64_t>(args, p->to, begin, end);
    case DType::u64: return run<uint64_t, uint64_t>(args, p->to, begin, end);
    case DType::boolean: return run<Bool, int64_t>(args, p->to, begin, end);
    default: return;
  }
}

}  // namespace hone::kernels::portable
