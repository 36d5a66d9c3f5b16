// Activations of a vector. Included after simd/<isa>.h with HONE_ISA set to its namespace.
// The polynomials are minimax fits in relative error; results are within about 1e-6 relative of the
// exact value, and limits are right: NaN stays NaN, infinities give what the function tends to.
#pragma once

#include "device/kernels/activation.h"

namespace hone::kernels::HONE_ISA {

// exp(x) as p 2^n with p = 1 + e: what exp and expm1 share. |x| <= 88.
struct ExpParts {
  V e, n;
};
HONE_INLINE ExpParts exp_parts(V x) {
  V n = round(mul(x, set1(1.44269504f)));
  V r = fma(n, set1(-0.693359375f), x);  // ln 2 in two parts, the first exact in 10 bits
  r = fma(n, set1(2.12194440e-4f), r);
  V q = fma(set1(0.00139012875f), r, set1(0.00836314633f));
  q = fma(q, r, set1(0.0416668542f));
  q = fma(q, r, set1(0.166665778f));
  q = fma(q, r, set1(0.5f));
  return {fma(mul(r, r), q, r), n};
}
HONE_INLINE V exp(V x) {
  x = min(set1(89.0f), max(set1(-104.0f), x));  // beyond: infinite, 0
  ExpParts p = exp_parts(x);
  return scale(add(p.e, set1(1.0f)), p.n);
}
// exp(x) - 1, also near 0, for x <= 80.
HONE_INLINE V expm1(V x) {
  x = max(set1(-30.0f), x);
  ExpParts p = exp_parts(x);
  V power = scale(set1(1.0f), p.n);
  return fma(p.e, power, sub(power, set1(1.0f)));
}
// log(1 + z) for z in [0, 1], by atanh(z / (2 + z)).
HONE_INLINE V log1p(V z) {
  V s = div(z, add(z, set1(2.0f))), t = mul(s, s);
  V q = fma(set1(0.140926674f), t, set1(0.139796197f));
  q = fma(q, t, set1(0.200124964f));
  q = fma(q, t, set1(0.333331555f));
  V twice = add(s, s);
  return fma(mul(q, t), twice, twice);
}

HONE_INLINE V clamp(V x, V lo, V hi) { return min(hi, max(lo, x)); }
// x f, where f has reached 0 (x infinite or nearly): 0 and not NaN.
HONE_INLINE V gated(V x, V f) { return if_equal(f, zero(), zero(), mul(x, f)); }

}  // namespace hone::kernels::HONE_ISA

#if defined(__AVX512VL__)
#include "device/kernels/simd/act_tables.inl.h"
#else
#include "device/kernels/simd/act_long.inl.h"
#endif

namespace hone::kernels::HONE_ISA {

// 1 + exp(-x), what 1 is divided by; beyond 87.9 either way that is within 1e-38 of its limit.
HONE_INLINE V over_sigmoid(V x) {
  x = min(set1(87.9f), max(set1(-87.9f), x));
  return add(exp2_near(x, set1(-1.44269504f)), set1(1.0f));
}
HONE_INLINE V sigmoid(V x) { return div(set1(1.0f), over_sigmoid(x)); }
// x sigmoid(u), u = -infinity where x is: the least float there is a finite stand-in for x, whose
// quotient is 0.
HONE_INLINE V times_sigmoid(V x, V u) { return div(max(set1(-1e25f), x), over_sigmoid(u)); }
HONE_INLINE V silu(V x, V a) { return times_sigmoid(x, mul(a, x)); }
HONE_INLINE V tanh(V x) {
  V e = expm1(min(set1(20.0f), add(abs(x), abs(x))));
  return with_sign(div(e, add(e, set1(2.0f))), sign_of(x));
}
HONE_INLINE V gelu_tanh(V x) {
  V cubic = fma(mul(mul(x, x), x), set1(0.044715f), x);
  return times_sigmoid(x, mul(cubic, set1(1.5957691f)));
}
HONE_INLINE V softplus(V x) { return add(max(zero(), x), log1p(exp(sub(zero(), abs(x))))); }
// tanh(log(1 + z)) = (z^2 + 2 z) / (z^2 + 2 z + 2), z = exp(x); 1 in f32 from x = 20 on.
HONE_INLINE V mish(V x) {
  V z = exp(min(set1(20.0f), x));
  V n = mul(z, add(z, set1(2.0f)));
  return gated(x, div(n, add(n, set1(2.0f))));
}

template <class F>
HONE_INLINE void each_vector(float* v, int64_t n, F f) {
  for (int64_t i = 0; i < n; ++i) store(v + i * width, f(load(v + i * width)));
}

// The activation of n vectors in place. Not inlined: it stands on the cold side of the epilogues.
[[maybe_unused]] static __attribute__((noinline)) void apply_act(Act act, float a, float b,
                                                                 float* v, int64_t n) {
  const V va = set1(a), vb = set1(b), one = set1(1.0f);
  switch (act) {
    case Act::none: return;
    case Act::relu: return each_vector(v, n, [](V x) { return max(zero(), x); });
    case Act::clip: return each_vector(v, n, [=](V x) { return clamp(x, va, vb); });
    case Act::leaky_relu:
      return each_vector(v, n, [=](V x) { return if_less(x, zero(), mul(va, x), x); });
    case Act::hard_sigmoid:
      return each_vector(v, n, [=](V x) { return clamp(add(mul(va, x), vb), zero(), one); });
    case Act::hard_swish:
      return each_vector(v, n, [=](V x) {
        return gated(x, clamp(add(mul(x, set1(1.0f / 6)), set1(0.5f)), zero(), one));
      });
    case Act::sigmoid: return each_vector(v, n, [](V x) { return sigmoid(x); });
    case Act::silu: return each_vector(v, n, [=](V x) { return silu(x, va); });
    case Act::tanh: return each_vector(v, n, [](V x) { return tanh(x); });
    case Act::gelu_erf: return each_vector(v, n, [](V x) { return gelu_erf(x); });
    case Act::gelu_tanh: return each_vector(v, n, [](V x) { return gelu_tanh(x); });
    case Act::elu:
      return each_vector(v, n, [=](V x) { return if_less(x, zero(), mul(va, expm1(x)), x); });
    case Act::softplus: return each_vector(v, n, [](V x) { return softplus(x); });
    case Act::mish: return each_vector(v, n, [](V x) { return mish(x); });
  }
}
// Of one vector.
[[maybe_unused]] HONE_INLINE V apply_act(Act act, float a, float b, V x) {
  alignas(sizeof(V)) float v[width];
  store(v, x);
  apply_act(act, a, b, v, 1);
  return load(v);
}

}  // namespace hone::kernels::HONE_ISA
