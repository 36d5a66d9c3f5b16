// exp2_near() and gelu_erf() of simd/act.inl.h by polynomials of the whole range. Included by
// simd/act.inl.h.
#pragma once

namespace hone::kernels::HONE_ISA {

// 2^(x c), x c in [-150, 127]. c alone is rounded, not the product: for c = log2 e that is an error
// of |x| 1.9e-8 relative.
HONE_INLINE V exp2_near(V x, V c) {
  V n = round(mul(x, c)), r = fma(x, c, sub(zero(), n));
  V q = fma(set1(1.53458124e-4f), r, set1(1.33999309e-3f));
  q = fma(q, r, set1(9.61848907e-3f));
  q = fma(q, r, set1(0.0555032864f));
  q = fma(q, r, set1(0.240226462f));
  q = fma(q, r, set1(0.693147182f));
  return scale(fma(q, r, set1(1.0f)), n);
}

// x Phi(x); the tail is erfc(z) = exp(-z^2) P(t) t, t = 1 / (1 + z / 2), z = |x| / sqrt 2;
// q is half of P.
HONE_INLINE V gelu_erf(V x) {
  V m = abs(x);
  V t = div(set1(1.0f), fma(m, set1(0.35355339f), set1(1.0f)));
  V q = set1(-0.0295344926f);
  q = fma(q, t, set1(0.142287537f));
  q = fma(q, t, set1(-0.24360007f));
  q = fma(q, t, set1(0.139033705f));
  q = fma(q, t, set1(-0.0133129125f));
  q = fma(q, t, set1(0.101343468f));
  q = fma(q, t, set1(0.121551871f));
  q = fma(q, t, set1(0.141187653f));
  q = fma(q, t, set1(0.141043216f));
  V mm = min(set1(200.0f), mul(m, m));
  V half = mul(mul(q, t), exp2_near(mm, set1(-0.721347520f)));
  return gated(x, if_less(x, zero(), half, sub(set1(1.0f), half)));
}

}  // namespace hone::kernels::HONE_ISA
