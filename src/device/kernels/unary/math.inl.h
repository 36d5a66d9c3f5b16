// log, erf and sign of a vector. Included after simd/math_<isa>.h and simd/act.inl.h.
#pragma once

namespace hone::kernels::HONE_ISA {

// f - f^2 / 2 + f^3 P(f), f = m - 1 for m in [sqrt(1/2), sqrt(2)), P a minimax fit.
HONE_INLINE V log(V x) {
  const V smallest = set1(1.17549435e-38f);
  V tiny = if_less(x, smallest, set1(1.0f), zero());  // denormal: made normal first
  V e, m = split_exponent(if_less(x, smallest, mul(x, set1(8388608.0f)), x), &e);
  e = fma(tiny, set1(-23.0f), e);
  V f = sub(m, set1(1.0f)), square = mul(f, f);
  V q = set1(0.0697161147f);
  q = fma(q, f, set1(-0.114797338f));
  q = fma(q, f, set1(0.116854199f));
  q = fma(q, f, set1(-0.124256873f));
  q = fma(q, f, set1(0.142490576f));
  q = fma(q, f, set1(-0.166678023f));
  q = fma(q, f, set1(0.200007157f));
  q = fma(q, f, set1(-0.24999997f));
  q = fma(q, f, set1(0.333333312f));
  V r = mul(mul(q, f), square);
  r = fma(e, set1(-2.12194440e-4f), r);
  r = fma(square, set1(-0.5f), r);
  r = fma(e, set1(0.693359375f), add(f, r));
  const V inf = set1(__builtin_inff());
  r = if_equal(x, inf, inf, r);
  r = if_equal(x, zero(), negate(inf), r);
  r = if_less(x, zero(), set1(__builtin_nanf("")), r);
  return if_equal(x, x, r, x);
}

// Minimax in x^2 below 1; above, 1 - erfc(z) with erfc(z) = exp(-z^2) t P(t), t = 1 / (1 + z / 2).
HONE_INLINE V erf(V x) {
  V z = abs(x), s = mul(x, x);
  V p = set1(7.87587506e-5f);
  p = fma(p, s, set1(-8.01686429e-4f));
  p = fma(p, s, set1(5.18908742e-3f));
  p = fma(p, s, set1(-2.6854212e-2f));
  p = fma(p, s, set1(1.12835947e-1f));
  p = fma(p, s, set1(-3.76126267e-1f));
  p = fma(p, s, set1(1.12837917e+0f));
  V t = div(set1(1.0f), fma(z, set1(0.5f), set1(1.0f)));
  V q = set1(-0.0590689853f);
  q = fma(q, t, set1(0.284575075f));
  q = fma(q, t, set1(-0.487200141f));
  q = fma(q, t, set1(0.27806741f));
  q = fma(q, t, set1(-0.0266258251f));
  q = fma(q, t, set1(0.202686936f));
  q = fma(q, t, set1(0.243103743f));
  q = fma(q, t, set1(0.282375306f));
  q = fma(q, t, set1(0.282086432f));
  V tail = sub(set1(1.0f), mul(mul(q, t), exp(negate(s))));
  return if_less(z, set1(1.0f), mul(p, x), if_equal(x, x, with_sign(tail, sign_of(x)), x));
}

HONE_INLINE V sign(V x) {
  return if_less(zero(), x, set1(1.0f), if_less(x, zero(), set1(-1.0f), x));
}

}  // namespace hone::kernels::HONE_ISA
