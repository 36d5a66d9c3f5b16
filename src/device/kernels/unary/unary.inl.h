// unary for vectors of floats. Included after simd/math_<isa>.h, simd/act.inl.h, math.inl.h and
// trig.inl.h.
#pragma once

#include "device/kernels/unary/unary_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

template <class F>
HONE_INLINE void each(const float* x, float* y, int64_t n, F f) {
  int64_t i = 0;
  for (; i + width <= n; i += width) store(y + i, f(load(x + i)));
  if (i < n) {
    Mask m = first_lanes(n - i);
    store(y + i, f(load(x + i, m)), m);
  }
}

HONE_INLINE V softsign(V x) {
  V size = abs(x), limit = with_sign(set1(1.0f), sign_of(x));
  return if_equal(size, set1(__builtin_inff()), limit, div(x, add(size, set1(1.0f))));
}

// The functions with parameters.
void run(Unary op, float a, float b, const float* x, float* y, int64_t n) {
  const V va = set1(a), vb = set1(b), low = set1(-a);
  switch (op) {
    case Unary::selu:
      return each(x, y, n, [=](V v) { return mul(vb, if_less(v, zero(), mul(va, expm1(v)), v)); });
    case Unary::celu:
      return each(x, y, n, [=](V v) { return if_less(v, zero(), mul(va, expm1(div(v, va))), v); });
    case Unary::thresholded_relu:
      return each(x, y, n, [=](V v) { return if_less(va, v, v, zero()); });
    case Unary::shrink:
      return each(x, y, n, [=](V v) {
        return if_less(v, low, add(v, vb), if_less(va, v, sub(v, vb), zero()));
      });
    default: return;  // not bound
  }
}

void run(Unary op, const float* x, float* y, int64_t n) {
  switch (op) {
    case Unary::neg: return each(x, y, n, [](V v) { return negate(v); });
    case Unary::abs: return each(x, y, n, [](V v) { return abs(v); });
    case Unary::sqrt: return each(x, y, n, [](V v) { return sqrt(v); });
    case Unary::reciprocal: return each(x, y, n, [](V v) { return div(set1(1.0f), v); });
    case Unary::exp: return each(x, y, n, [](V v) { return exp(v); });
    case Unary::log: return each(x, y, n, [](V v) { return log(v); });
    case Unary::erf: return each(x, y, n, [](V v) { return erf(v); });
    case Unary::floor: return each(x, y, n, [](V v) { return floor(v); });
    case Unary::ceil: return each(x, y, n, [](V v) { return ceil(v); });
    case Unary::round_even: return each(x, y, n, [](V v) { return round(v); });
    case Unary::sign: return each(x, y, n, [](V v) { return sign(v); });
    case Unary::sin: return each(x, y, n, [](V v) { return sin(v); });
    case Unary::cos: return each(x, y, n, [](V v) { return cos(v); });
    case Unary::tan: return each(x, y, n, [](V v) { return tan(v); });
    case Unary::softsign: return each(x, y, n, [](V v) { return softsign(v); });
    default: return;  // not bound
  }
}

}  // namespace

void act_f32(Act act, float a, float b, const float* x, float* y, int64_t n) {
  V va = set1(a), vb = set1(b);
  switch (act) {
    case Act::relu: return each(x, y, n, [](V v) { return max(zero(), v); });
    case Act::clip: return each(x, y, n, [=](V v) { return clamp(v, va, vb); });
    case Act::hard_sigmoid:
      return each(x, y, n, [=](V v) { return clamp(add(mul(va, v), vb), zero(), set1(1.0f)); });
    case Act::sigmoid: return each(x, y, n, [](V v) { return sigmoid(v); });
    case Act::silu: return each(x, y, n, [=](V v) { return silu(v, va); });
    case Act::tanh: return each(x, y, n, [](V v) { return tanh(v); });
    case Act::gelu_erf: return each(x, y, n, [](V v) { return gelu_erf(v); });
    case Act::gelu_tanh: return each(x, y, n, [](V v) { return gelu_tanh(v); });
    default: return each(x, y, n, [=](V v) { return apply_act(act, a, b, v); });
  }
}

void unary_row(int32_t op, float a, float b, const float* x, float* y, int64_t n) {
  if (op < 64) return act_f32(static_cast<Act>(op), a, b, x, y, n);
  const auto u = static_cast<Unary>(op);
  u >= Unary::selu ? run(u, a, b, x, y, n) : run(u, x, y, n);
}

// By the bits, without branches: the compiler makes vectors of it.
static void test_rows(const UnaryAttrs& at, const float* x, uint8_t* y, int64_t n) {
  constexpr uint32_t inf = 0x7f800000, sign = 0x80000000;
  const auto* bits = reinterpret_cast<const uint32_t*>(x);
  if (at.op == static_cast<int>(Unary::is_nan)) {
    for (int64_t i = 0; i < n; ++i) y[i] = (bits[i] & ~sign) > inf;
    return;
  }
  const uint8_t above = at.a != 0, below = at.b != 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint8_t plus = bits[i] == inf, minus = bits[i] == (inf | sign);
    y[i] = static_cast<uint8_t>((plus & above) | (minus & below));
  }
}

void unary_f32(const RunArgs& args) {
  auto& p = *static_cast<const UnaryParams*>(args.params);
  const auto [begin, end] = elements_of_units(args, p.count);
  const float* x = static_cast<const float*>(args.in[0]) + begin;
  if (is_test(p.attrs.op)) {
    return test_rows(p.attrs, x, static_cast<uint8_t*>(args.out[0]) + begin, end - begin);
  }
  float* y = static_cast<float*>(args.out[0]) + begin;
  unary_row(p.attrs.op, p.attrs.a, p.attrs.b, x, y, end - begin);
}

}  // namespace hone::kernels::HONE_ISA
