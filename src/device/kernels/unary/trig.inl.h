// sin, cos and tan of a vector. Included after simd/math_<isa>.h.
//
// x = n pi/2 + r with |r| <= pi/4, the quotient's three parts subtracted by FMA: exact enough for
// |x| < 1e5, where n pi/2 loses less than 1e-10 of r. Other elements go to the C library.
#pragma once

#include <math.h>

namespace hone::kernels::HONE_ISA {

constexpr float trig_limit = 1e5f;

struct SinCos {
  V sin, cos;  // of r
  V n;
};
HONE_INLINE SinCos sin_cos_parts(V x) {
  V n = round(mul(x, set1(0.636619772f)));
  V r = fma(n, set1(-1.57079637f), x);
  r = fma(n, set1(4.37113883e-08f), r);
  r = fma(n, set1(1.71512451e-15f), r);
  V s = mul(r, r);
  V p = fma(set1(-1.95146318e-4f), s, set1(8.33215605e-3f));  // minimax fits in relative error
  p = fma(p, s, set1(-0.166666545f));
  V q = fma(set1(2.44324129e-5f), s, set1(-1.38873099e-3f));
  q = fma(q, s, set1(0.0416666456f));
  V cos = fma(mul(s, s), q, fma(s, set1(-0.5f), set1(1.0f)));
  return {fma(mul(p, s), r, r), cos, n};
}
// sin(r + n pi/2): sin, cos, -sin, -cos as n counts up.
HONE_INLINE V in_quadrant(V sin, V cos, V n) {
  V half = mul(n, set1(0.5f)), whole = floor(half), quarter = mul(whole, set1(0.5f));
  V y = if_equal(half, whole, sin, cos);
  return if_equal(quarter, floor(quarter), y, negate(y));
}

// `f` of a vector, and the C library's `g` where f does not hold.
template <class F, class G>
HONE_INLINE V within_limit(V x, F f, G g) {
  V y = f(x);
  if (!any_less(set1(trig_limit), abs(x))) return y;
  float from[width], to[width];
  store(from, x);
  store(to, y);
  for (int i = 0; i < width; ++i) {
    if (::fabsf(from[i]) > trig_limit) to[i] = g(from[i]);
  }
  return load(to);
}

HONE_INLINE V sin(V x) {
  return within_limit(
      x,
      [](V v) {
        SinCos p = sin_cos_parts(v);
        return in_quadrant(p.sin, p.cos, p.n);
      },
      [](float v) { return ::sinf(v); });
}
HONE_INLINE V cos(V x) {
  return within_limit(
      x,
      [](V v) {
        SinCos p = sin_cos_parts(v);
        return in_quadrant(p.sin, p.cos, add(p.n, set1(1.0f)));
      },
      [](float v) { return ::cosf(v); });
}
HONE_INLINE V tan(V x) {
  return within_limit(
      x,
      [](V v) {
        SinCos p = sin_cos_parts(v);
        V half = mul(p.n, set1(0.5f));
        V even = div(p.sin, p.cos), odd = negate(div(p.cos, p.sin));
        return if_equal(half, floor(half), even, odd);
      },
      [](float v) { return ::tanf(v); });
}

}  // namespace hone::kernels::HONE_ISA
