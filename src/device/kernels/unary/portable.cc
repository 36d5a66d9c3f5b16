#include <cmath>
#include <limits>

#include "device/kernels/check.h"
#include "device/kernels/unary/unary_impl.h"

namespace hone::kernels::portable {
namespace {

// x f, where f tends to 0 faster than x to -inf: 0 there, not NaN.
template <class T>
T gated(T x, T f) {
  return f == 0 ? T(0) : x * f;
}

template <class T>
T sigmoid(T x) {
  T e = std::exp(-std::fabs(x));
  return (x < 0 ? e : T(1)) / (1 + e);
}

template <class T>
T softplus(T x) {
  return (x > 0 ? x : x - x) + std::log1p(std::exp(-std::fabs(x)));
}
// x - x is 0, or NaN where x is one; for -inf the sum is 0 all the same.
template <class T>
T softplus_safe(T x) {
  return std::isinf(x) ? (x > 0 ? x : T(0)) : softplus(x);
}

// Calls run(f) with f the function `op` of one element. False for no such function.
template <class T, class Run>
bool with_act(Act op, T a, T b, Run&& run) {
  switch (op) {
    case Act::none: run([](T x) { return x; }); return true;
    case Act::relu: run([](T x) { return x < 0 ? T(0) : x; }); return true;
    case Act::clip:
      run([a, b](T x) {
        T low = x < a ? a : x;
        return low > b ? b : low;
      });
      return true;
    case Act::leaky_relu: run([a](T x) { return x >= 0 ? x : a * x; }); return true;
    case Act::hard_sigmoid:
      run([a, b](T x) {
        T v = a * x + b;
        v = v > 1 ? T(1) : v;
        return v < 0 ? T(0) : v;
      });
      return true;
    case Act::hard_swish:
      run([](T x) {
        T v = x / 6 + T(0.5);
        v = v > 1 ? T(1) : v;
        return gated(x, v < 0 ? T(0) : v);
      });
      return true;
    case Act::sigmoid: run([](T x) { return sigmoid(x); }); return true;
    case Act::silu: run([a](T x) { return gated(x, sigmoid(a * x)); }); return true;
    case Act::tanh: run([](T x) { return std::tanh(x); }); return true;
    case Act::gelu_erf:
      run([](T x) { return gated(x, T(0.5) * std::erfc(x * T(-0.70710678118654752440))); });
      return true;
    case Act::gelu_tanh:  // 0.5 (1 + tanh(u)) = sigmoid(2 u)
      run([](T x) {
        return gated(x, sigmoid(T(1.59576912160573071176) * (x + T(0.044715) * x * x * x)));
      });
      return true;
    case Act::elu: run([a](T x) { return x >= 0 ? x : a * std::expm1(x); }); return true;
    case Act::softplus: run([](T x) { return softplus_safe(x); }); return true;
    case Act::mish: run([](T x) { return gated(x, std::tanh(softplus_safe(x))); }); return true;
  }
  return false;
}

template <class T, class Run>
bool with_float_function(Unary op, T a, T b, Run&& run) {
  switch (op) {
    case Unary::neg: run([](T x) { return -x; }); return true;
    case Unary::abs: run([](T x) { return std::fabs(x); }); return true;
    case Unary::sqrt: run([](T x) { return std::sqrt(x); }); return true;
    case Unary::reciprocal: run([](T x) { return 1 / x; }); return true;
    case Unary::exp: run([](T x) { return std::exp(x); }); return true;
    case Unary::log: run([](T x) { return std::log(x); }); return true;
    case Unary::erf: run([](T x) { return std::erf(x); }); return true;
    case Unary::floor: run([](T x) { return std::floor(x); }); return true;
    case Unary::ceil: run([](T x) { return std::ceil(x); }); return true;
    case Unary::round_even: run([](T x) { return std::nearbyint(x); }); return true;
    case Unary::sign: run([](T x) { return x > 0 ? T(1) : x < 0 ? T(-1) : x; }); return true;
    case Unary::sin: run([](T x) { return std::sin(x); }); return true;
    case Unary::cos: run([](T x) { return std::cos(x); }); return true;
    case Unary::tan: run([](T x) { return std::tan(x); }); return true;
    case Unary::asin: run([](T x) { return std::asin(x); }); return true;
    case Unary::acos: run([](T x) { return std::acos(x); }); return true;
    case Unary::atan: run([](T x) { return std::atan(x); }); return true;
    case Unary::sinh: run([](T x) { return std::sinh(x); }); return true;
    case Unary::cosh: run([](T x) { return std::cosh(x); }); return true;
    case Unary::asinh: run([](T x) { return std::asinh(x); }); return true;
    case Unary::acosh: run([](T x) { return std::acosh(x); }); return true;
    case Unary::atanh: run([](T x) { return std::atanh(x); }); return true;
    case Unary::softsign:
      run([](T x) { return std::isinf(x) ? std::copysign(T(1), x) : x / (1 + std::fabs(x)); });
      return true;
    case Unary::selu:
      run([a, b](T x) { return b * (x >= 0 ? x : a * std::expm1(x)); });
      return true;
    case Unary::celu: run([a](T x) { return x >= 0 ? x : a * std::expm1(x / a); }); return true;
    case Unary::thresholded_relu: run([a](T x) { return x > a ? x : T(0); }); return true;
    case Unary::shrink:
      run([a, b](T x) { return x < -a ? x + b : x > a ? x - b : T(0); });
      return true;
    default: return false;
  }
}

// Both enumerations, told apart by number.
template <class T, class Run>
void with_function(const UnaryAttrs& at, Run&& run) {
  T a = at.a, b = at.b;
  if (at.op < 64) {
    with_act<T>(static_cast<Act>(at.op), a, b, run);
  } else {
    with_float_function<T>(static_cast<Unary>(at.op), a, b, run);
  }
}

Span64 range(const RunArgs& args) {
  return elements_of_units(args, static_cast<const UnaryParams*>(args.params)->count);
}

template <class T, class U, class F>
void each(const RunArgs& args, F f) {
  const T* x = static_cast<const T*>(args.in[0]);
  U* y = static_cast<U*>(args.out[0]);
  for (auto [i, end] = range(args); i < end; ++i) y[i] = static_cast<U>(f(x[i]));
}

template <class T>
void run_tests(const RunArgs& args, const UnaryAttrs& at) {
  if (at.op == static_cast<int>(Unary::is_nan)) {
    return each<T, uint8_t>(args, [](T x) { return x != x; });
  }
  bool above = at.a != 0, below = at.b != 0;
  each<T, uint8_t>(args, [=](T x) { return std::isinf(x) && (x > 0 ? above : below); });
}

template <class T>
void run_float(const RunArgs& args) {
  const UnaryAttrs& at = static_cast<const UnaryParams*>(args.params)->attrs;
  auto op = static_cast<Unary>(at.op);
  if (op == Unary::is_nan || op == Unary::is_inf) return run_tests<T>(args, at);
  with_function<T>(at, [&](auto f) { each<T, T>(args, f); });
}

// Of integers that a float holds.
template <class T>
void run_clip(const RunArgs& args, const UnaryAttrs& at) {
  float a = at.a, b = at.b;
  each<T, T>(args, [a, b](T x) {
    constexpr float low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    float v = x < a ? a : static_cast<float>(x);
    v = v > b ? b : v;
    return static_cast<T>(v < low ? low : v > high ? high : v);
  });
}

// U: the unsigned type of T's width, in which negation cannot overflow.
template <class T, class U>
void run_integer(const RunArgs& args) {
  const UnaryAttrs& at = static_cast<const UnaryParams*>(args.params)->attrs;
  auto negated = [](T x) { return static_cast<T>(U(0) - static_cast<U>(x)); };
  if (at.op == static_cast<int>(Act::none)) return each<T, T>(args, [](T x) { return x; });
  if (at.op == static_cast<int>(Act::relu)) {
    return each<T, T>(args, [](T x) { return x < 0 ? T(0) : x; });
  }
  if constexpr (sizeof(T) <= 2) {
    if (at.op == static_cast<int>(Act::clip)) return run_clip<T>(args, at);
  }
  switch (static_cast<Unary>(at.op)) {
    case Unary::neg: return each<T, T>(args, negated);
    case Unary::abs: return each<T, T>(args, [=](T x) { return x < 0 ? negated(x) : x; });
    case Unary::sign: return each<T, T>(args, [](T x) { return T((x > 0) - (x < 0)); });
    case Unary::bitwise_not:
      return each<T, T>(args, [](T x) { return static_cast<T>(~static_cast<U>(x)); });
    default: return;
  }
}

void run_bool(const RunArgs& args) {
  const UnaryAttrs& at = static_cast<const UnaryParams*>(args.params)->attrs;
  bool flip = at.op == static_cast<int>(Unary::logical_not);
  each<uint8_t, uint8_t>(args, [=](uint8_t x) { return (x != 0) != flip; });
}

}  // namespace

void unary_f32(const RunArgs& args) { run_float<float>(args); }

void unary_any(const RunArgs& args) {
  switch (static_cast<const UnaryParams*>(args.params)->dtype) {
    case DType::f64: return run_float<double>(args);
    case DType::i8: return run_integer<int8_t, uint8_t>(args);
    case DType::i16: return run_integer<int16_t, uint16_t>(args);
    case DType::i32: return run_integer<int32_t, uint32_t>(args);
    case DType::i64: return run_integer<int64_t, uint64_t>(args);
    case DType::u8: return run_integer<uint8_t, uint8_t>(args);
    case DType::u16: return run_integer<uint16_t, uint16_t>(args);
    case DType::u32: return run_integer<uint32_t, uint32_t>(args);
    case DType::u64: return run_integer<uint64_t, uint64_t>(args);
    case DType::boolean: return run_bool(args);
    default: return;
  }
}

void act_f32(Act act, float a, float b, const float* x, float* y, int64_t n) {
  with_act<float>(act, a, b, [&](auto f) {
    for (int64_t i = 0; i < n; ++i) y[i] = f(x[i]);
  });
}

void unary_row(int32_t op, float a, float b, const float* x, float* y, int64_t n) {
  with_function<float>({op, a, b}, [&](auto f) {
    for (int64_t i = 0; i < n; ++i) y[i] = f(x[i]);
  });
}

}  // namespace hone::kernels::portable
