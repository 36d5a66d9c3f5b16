#include <cmath>
#include <limits>
#include <type_traits>

#include "device/kernels/binary/binary_impl.h"
#include "device/kernels/check.h"
#include "device/kernels/unary/unary_impl.h"

namespace hone::kernels::portable {
namespace {

// A run of y = f(a, b): a and b `sa` and `sb` elements apart.
template <class T, class U>
using Row = void (*)(const T* a, int64_t sa, const T* b, int64_t sb, U* y, int64_t n);

// f32 is what models compute in; for other types one short loop is enough.
template <class T, class U, class F>
void row(const T* a, int64_t sa, const T* b, int64_t sb, U* y, int64_t n) {
  F f;
  if (std::is_same_v<T, float> && sa == 1 && sb == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<U>(f(a[i], b[i]));
  } else if (std::is_same_v<T, float> && sa == 1 && sb == 0) {
    T v = *b;
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<U>(f(a[i], v));
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<U>(f(a[i * sa], b[i * sb]));
  }
}

template <class T, class U>
void run_rows(const RunArgs& args, Row<T, U> row) {
  auto* p = static_cast<const BinaryParams*>(args.params);
  const Loops<2>& l = p->loops;
  const T *a = static_cast<const T*>(args.in[0]), *b = static_cast<const T*>(args.in[1]);
  U* y = static_cast<U*>(args.out[0]) + args.begin * chunk;
  int64_t sa = l.stride[0][l.rank - 1], sb = l.stride[1][l.rank - 1];
  walk_units<2>(args, l, [&](const int64_t* at, int64_t n) {
    row(a + at[0], sa, b + at[1], sb, y, n);
    y += n;
  });
}

// f is a lambda without captures: its type alone says what to do.
template <class T, class U, class F>
void each(const RunArgs& args, F) {
  run_rows<T, U>(args, row<T, U, F>);
}

template <class T, class Run>
bool with_comparison(Binary op, Run&& run) {
  switch (op) {
    case Binary::equal: run([](T a, T b) { return a == b; }); return true;
    case Binary::less: run([](T a, T b) { return a < b; }); return true;
    case Binary::less_equal: run([](T a, T b) { return a <= b; }); return true;
    case Binary::greater: run([](T a, T b) { return a > b; }); return true;
    case Binary::greater_equal: run([](T a, T b) { return a >= b; }); return true;
    default: return false;
  }
}

// Min and max give a NaN where either operand is one, as NumPy's minimum and maximum do.
template <class T, class Run>
void with_float_function(Binary op, Run&& run) {
  switch (op) {
    case Binary::add: return run([](T a, T b) { return a + b; });
    case Binary::sub: return run([](T a, T b) { return a - b; });
    case Binary::mul: return run([](T a, T b) { return a * b; });
    case Binary::div: return run([](T a, T b) { return a / b; });
    case Binary::min: return run([](T a, T b) { return a != a || a < b ? a : b; });
    case Binary::max: return run([](T a, T b) { return a != a || a > b ? a : b; });
    case Binary::pow: return run([](T a, T b) { return std::pow(a, b); });
    case Binary::fmod: return run([](T a, T b) { return std::fmod(a, b); });
    case Binary::mod:
      return run([](T a, T b) {
        T r = std::fmod(a, b);
        return r != 0 ? ((r < 0) != (b < 0) ? r + b : r) : std::copysign(T(0), b);
      });
    case Binary::prelu: return run([](T a, T b) { return a >= 0 ? a : a * b; });
    default: return;
  }
}

// Integers wrap: the work is done in the unsigned type, and in one no narrower than int, into
// which the narrow ones would be promoted.
template <class T>
struct Integer {
  using U = std::make_unsigned_t<T>;
  using Wide = std::conditional_t<(sizeof(T) < 4), uint32_t, U>;
  static constexpr int width = sizeof(T) * 8;
  static Wide w(T x) { return static_cast<Wide>(x); }
  static bool minus_one(T x) { return std::is_signed_v<T> && x == static_cast<T>(-1); }

  static T div(T a, T b) {
    if (b == 0) return 0;
    return minus_one(b) ? static_cast<T>(Wide(0) - w(a)) : static_cast<T>(a / b);
  }
  static T fmod(T a, T b) { return b == 0 || minus_one(b) ? T(0) : static_cast<T>(a % b); }
  static T mod(T a, T b) {
    T r = fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? static_cast<T>(w(r) + w(b)) : r;
  }
  // A negative power of anything but 1 and -1 truncates to 0.
  static T pow(T a, T b) {
    if (b < 0) {
      if (a == 1) return 1;
      return minus_one(a) ? static_cast<T>(b & 1 ? a : T(1)) : T(0);
    }
    Wide base = w(a), r = 1;
    for (U e = static_cast<U>(b); e != 0; e = static_cast<U>(e >> 1)) {
      if (e & 1) r *= base;
      base *= base;
    }
    return static_cast<T>(r);
  }
  static bool out_of_width(T b) { return b < 0 || static_cast<uint64_t>(b) >= width; }
  static T shift_left(T a, T b) { return out_of_width(b) ? T(0) : static_cast<T>(w(a) << b); }
  static T shift_right(T a, T b) {
    return out_of_width(b) ? static_cast<T>(a < 0 ? -1 : 0) : static_cast<T>(a >> b);
  }
};

template <class T, class Run>
void with_integer_function(Binary op, Run&& run) {
  using I = Integer<T>;
  switch (op) {
    case Binary::add: return run([](T a, T b) { return static_cast<T>(I::w(a) + I::w(b)); });
    case Binary::sub: return run([](T a, T b) { return static_cast<T>(I::w(a) - I::w(b)); });
    case Binary::mul: return run([](T a, T b) { return static_cast<T>(I::w(a) * I::w(b)); });
    case Binary::div: return run([](T a, T b) { return I::div(a, b); });
    case Binary::min: return run([](T a, T b) { return a < b ? a : b; });
    case Binary::max: return run([](T a, T b) { return a > b ? a : b; });
    case Binary::pow: return run([](T a, T b) { return I::pow(a, b); });
    case Binary::mod: return run([](T a, T b) { return I::mod(a, b); });
    case Binary::fmod: return run([](T a, T b) { return I::fmod(a, b); });
    case Binary::prelu:
      return run([](T a, T b) { return a >= 0 ? a : static_cast<T>(I::w(a) * I::w(b)); });
    case Binary::bitwise_and: return run([](T a, T b) { return static_cast<T>(a & b); });
    case Binary::bitwise_or: return run([](T a, T b) { return static_cast<T>(a | b); });
    case Binary::bitwise_xor: return run([](T a, T b) { return static_cast<T>(a ^ b); });
    case Binary::shift_left: return run([](T a, T b) { return I::shift_left(a, b); });
    case Binary::shift_right: return run([](T a, T b) { return I::shift_right(a, b); });
    default: return;
  }
}

Binary op_of(const RunArgs& args) {
  return static_cast<const BinaryParams*>(args.params)->attrs.op;
}

template <class T>
void run_float(const RunArgs& args) {
  if (with_comparison<T>(op_of(args), [&](auto f) { each<T, uint8_t>(args, f); })) return;
  with_float_function<T>(op_of(args), [&](auto f) { each<T, T>(args, f); });
}

template <class T>
void run_integer(const RunArgs& args) {
  if (with_comparison<T>(op_of(args), [&](auto f) { each<T, uint8_t>(args, f); })) return;
  with_integer_function<T>(op_of(args), [&](auto f) { each<T, T>(args, f); });
}

// Bytes, not bool: a byte of an input may be neither 0 nor 1.
void run_bool(const RunArgs& args) {
  auto run = [&](auto f) {
    using F = decltype(f);
    each<uint8_t, uint8_t>(args, [](uint8_t a, uint8_t b) { return F()(a != 0, b != 0); });
  };
  switch (op_of(args)) {
    case Binary::equal: return run([](bool a, bool b) { return a == b; });
    case Binary::logical_and: return run([](bool a, bool b) { return a && b; });
    case Binary::logical_or: return run([](bool a, bool b) { return a || b; });
    case Binary::logical_xor: return run([](bool a, bool b) { return a != b; });
    default: return;
  }
}

}  // namespace

void binary_f32(const RunArgs& args) {
  auto* p = static_cast<const BinaryParams*>(args.params);
  if (p->attrs.act == Act::none) return run_float<float>(args);
  for (int64_t u = args.begin; u < args.end; ++u) {  // each unit stays in cache for its activation
    RunArgs unit = args;
    unit.begin = u;
    unit.end = u + 1;
    run_float<float>(unit);
    float* y = static_cast<float*>(args.out[0]) + u * chunk;
    act_f32(p->attrs.act, p->attrs.act_a, p->attrs.act_b, y, y,
            min_of(chunk, p->loops.total - u * chunk));
  }
}

void binary_row(Binary op, const float* a, bool step_a, const float* b, bool step_b, float* y,
                int64_t n) {
  with_float_function<float>(op, [&](auto f) {
    row<float, float, decltype(f)>(a, step_a ? 1 : 0, b, step_b ? 1 : 0, y, n);
  });
}

void binary_any(const RunArgs& args) {
  switch (static_cast<const BinaryParams*>(args.params)->dtype) {
    case DType::f64: return run_float<double>(args);
    case DType::i8: return run_integer<int8_t>(args);
    case DType::i16: return run_integer<int16_t>(args);
    case DType::i32: return run_integer<int32_t>(args);
    case DType::i64: return run_integer<int64_t>(args);
    case DType::u8: return run_integer<uint8_t>(args);
    case DType::u16: return run_integer<uint16_t>(args);
    case DType::u32: return run_integer<uint32_t>(args);
    case DType::u64: return run_integer<uint64_t>(args);
    case DType::boolean: return run_bool(args);
    default: return;
  }
}

}  // namespace hone::kernels::portable
