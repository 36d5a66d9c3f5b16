// qbinary for vectors of floats, one type of bytes. Included after simd/bytes_<isa>.h.
#pragma once

#include "device/kernels/qbinary/qbinary_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

struct Add {
  V operator()(V a, V b) const { return add(a, b); }
};
struct Sub {
  V operator()(V a, V b) const { return sub(a, b); }
};
struct Mul {
  V operator()(V a, V b) const { return mul(a, b); }
};

// The attributes in registers: a store of bytes may change what memory holds of them.
struct Constants {
  explicit Constants(const QBinaryAttrs& t)
      : a_zero(of(t.a_zero)),
        b_zero(of(t.b_zero)),
        y_zero(of(t.y_zero)),
        lowest(of(t.lowest)),
        highest(of(t.highest)),
        a_scale(set1(t.a_scale)),
        b_scale(set1(t.b_scale)),
        y_scale(set1(t.y_scale)),
        zero_first(t.zero_first != 0) {}
  static V of(int32_t v) { return set1(static_cast<float>(v)); }

  V a_zero, b_zero, y_zero, lowest, highest, a_scale, b_scale, y_scale;
  bool zero_first;
};

template <class F>
HONE_INLINE V result(const Constants& t, V a, V b) {
  const V v = div(F()(a, b), t.y_scale);
  const V q = t.zero_first ? round(add(v, t.y_zero)) : add(round(v), t.y_zero);
  return min(max(q, t.lowest), t.highest);
}
HONE_INLINE V of_a(const Constants& t, V v) { return mul(sub(v, t.a_zero), t.a_scale); }
HONE_INLINE V of_b(const Constants& t, V v) { return mul(sub(v, t.b_zero), t.b_scale); }

// Fewer than a vector.
template <class T, class F>
void few(const Constants& t, const T* a, bool step_a, const T* b, bool step_b, T* y, int64_t n) {
  T rest_a[width] = {}, rest_b[width] = {}, rest_y[width];
  for (int64_t k = 0; k < n; ++k) {
    rest_a[k] = a[step_a ? k : 0];
    rest_b[k] = b[step_b ? k : 0];
  }
  store_bytes(rest_y, result<F>(t, of_a(t, load_bytes(rest_a)), of_b(t, load_bytes(rest_b))));
  for (int64_t k = 0; k < n; ++k) y[k] = rest_y[k];
}

// Operands that do not step are one value for the whole run. Where it is no whole number of
// vectors the last one overlaps; it is loaded first, for y may be a or b.
template <class T, class F, bool step_a, bool step_b>
void row_steps(const Constants& constants, const T* a, const T* b, T* y, int64_t n) {
  const Constants t = constants;
  if (n < width) return few<T, F>(t, a, step_a, b, step_b, y, n);
  const V one_a = of_a(t, set1(static_cast<float>(*a)));
  const V one_b = of_b(t, set1(static_cast<float>(*b)));
  auto at = [&](int64_t i) {
    return result<F>(t, step_a ? of_a(t, load_bytes(a + i)) : one_a,
                     step_b ? of_b(t, load_bytes(b + i)) : one_b);
  };
  const V last = at(n - width);
  for (int64_t i = 0; i + width < n; i += width) store_bytes(y + i, at(i));
  store_bytes(y + n - width, last);
}

template <class T, class F>
void run_of(const RunArgs& args, const QBinaryParams& p) {
  const Loops<3>& l = p.loops;
  const bool step_a = l.stride[0][l.rank - 1] != 0, step_b = l.stride[1][l.rank - 1] != 0;
  auto row = step_a ? (step_b ? row_steps<T, F, true, true> : row_steps<T, F, true, false>)
                    : (step_b ? row_steps<T, F, false, true> : row_steps<T, F, false, false>);
  const Constants constants(p.attrs);
  const T *a = static_cast<const T*>(args.in[0]), *b = static_cast<const T*>(args.in[1]);
  T* y = static_cast<T*>(args.out[0]);
  walk_units<3>(args, l, [&](const int64_t* at, int64_t n) {
    row(constants, a + at[0], b + at[1], y + at[2], n);
  });
}

template <class T>
void run_type(const RunArgs& args, const QBinaryParams& p) {
  switch (p.attrs.op) {
    case QBinary::add: return run_of<T, Add>(args, p);
    case QBinary::sub: return run_of<T, Sub>(args, p);
    default: return run_of<T, Mul>(args, p);
  }
}

}  // namespace

void qbinary_run(const RunArgs& args) {
  const auto& p = *static_cast<const QBinaryParams*>(args.params);
  p.y == DType::u8 ? run_type<uint8_t>(args, p) : run_type<int8_t>(args, p);
}

}  // namespace hone::kernels::HONE_ISA
