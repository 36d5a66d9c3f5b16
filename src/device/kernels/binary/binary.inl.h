// binary for vectors of floats. Included after simd/math_<isa>.h.
#pragma once

#include <math.h>

#include "device/kernels/binary/binary_impl.h"
#include "device/kernels/unary/unary_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

// Min and max give a NaN where either operand is one: the instruction gives the second.
HONE_INLINE V min_nan(V a, V b) { return if_equal(a, a, min(a, b), a); }
HONE_INLINE V max_nan(V a, V b) { return if_equal(a, a, max(a, b), a); }

using Row = void (*)(const float* a, bool step_a, const float* b, bool step_b, float* y, int64_t n);

// Operands that do not step are one value for the whole run.
template <bool step_a, bool step_b, class F>
HONE_INLINE void row_steps(const float* a, const float* b, float* y, int64_t n, F f) {
  V va = set1(*a), vb = set1(*b);
  int64_t i = 0;
  for (; i + width <= n; i += width) {
    store(y + i, f(step_a ? load(a + i) : va, step_b ? load(b + i) : vb));
  }
  if (i < n) {
    Mask m = first_lanes(n - i);
    store(y + i, f(step_a ? load(a + i, m) : va, step_b ? load(b + i, m) : vb), m);
  }
}
template <class F>
void row(const float* a, bool step_a, const float* b, bool step_b, float* y, int64_t n) {
  if (step_a && step_b) return row_steps<true, true>(a, b, y, n, F());
  if (step_a) return row_steps<true, false>(a, b, y, n, F());
  if (step_b) return row_steps<false, true>(a, b, y, n, F());
  row_steps<false, false>(a, b, y, n, F());
}

// Powers to one exponent that have an exact and quick form; the rest is libm's.
void pow_row(const float* a, bool step_a, const float* b, bool step_b, float* y, int64_t n) {
  if (step_a && !step_b) {
    auto square = [](V x, V) { return mul(x, x); };
    auto same = [](V x, V) { return x; };
    auto inverse = [](V x, V) { return div(set1(1.0f), x); };
    if (*b == 2) return row_steps<true, false>(a, b, y, n, square);
    if (*b == 1) return row_steps<true, false>(a, b, y, n, same);
    if (*b == -1) return row_steps<true, false>(a, b, y, n, inverse);
  }
  const float fixed_a = *a, fixed_b = *b;
  for (int64_t i = 0; i < n; ++i) y[i] = powf(step_a ? a[i] : fixed_a, step_b ? b[i] : fixed_b);
}

// F is a lambda without captures: its type alone says what to do.
template <class F>
Row row_of(F) {
  return row<F>;
}

Row find_row(Binary op) {
  switch (op) {
    case Binary::add: return row_of([](V a, V b) { return add(a, b); });
    case Binary::sub: return row_of([](V a, V b) { return sub(a, b); });
    case Binary::mul: return row_of([](V a, V b) { return mul(a, b); });
    case Binary::div: return row_of([](V a, V b) { return div(a, b); });
    case Binary::min: return row_of([](V a, V b) { return min_nan(a, b); });
    case Binary::max: return row_of([](V a, V b) { return max_nan(a, b); });
    case Binary::prelu:
      return row_of(
          [](V a, V b) { return if_less(a, zero(), mul(a, b), if_equal(a, a, a, mul(a, b))); });
    default: return pow_row;
  }
}

using TestRow = void (*)(const float* a, bool step_a, const float* b, bool step_b, uint8_t* y,
                         int64_t n);

// Plain loops: compilers turn a comparison into bytes well.
template <class F>
void test_row(const float* a, bool step_a, const float* b, bool step_b, uint8_t* y, int64_t n) {
  F f;
  if (step_a && step_b) {
    for (int64_t i = 0; i < n; ++i) y[i] = f(a[i], b[i]);
  } else if (step_a) {
    const float v = *b;
    for (int64_t i = 0; i < n; ++i) y[i] = f(a[i], v);
  } else {
    const float v = *a;
    for (int64_t i = 0; i < n; ++i) y[i] = f(v, step_b ? b[i] : *b);
  }
}
template <class F>
TestRow test_row_of(F) {
  return test_row<F>;
}

TestRow find_test_row(Binary op) {
  switch (op) {
    case Binary::equal: return test_row_of([](float a, float b) { return a == b; });
    case Binary::less: return test_row_of([](float a, float b) { return a < b; });
    case Binary::less_equal: return test_row_of([](float a, float b) { return a <= b; });
    case Binary::greater: return test_row_of([](float a, float b) { return a > b; });
    default: return test_row_of([](float a, float b) { return a >= b; });
  }
}

template <class T, class RowOf>
void run_rows(const RunArgs& args, const BinaryParams& p, int64_t begin, int64_t end, RowOf row) {
  const Loops<2>& l = p.loops;
  const float *a = static_cast<const float*>(args.in[0]),
              *b = static_cast<const float*>(args.in[1]);
  T* y = static_cast<T*>(args.out[0]) + begin;
  bool step_a = l.stride[0][l.rank - 1] != 0, step_b = l.stride[1][l.rank - 1] != 0;
  walk<2>(l, begin, end, [&](const int64_t* at, int64_t n) {
    row(a + at[0], step_a, b + at[1], step_b, y, n);
    y += n;
  });
}

}  // namespace

void binary_row(Binary op, const float* a, bool step_a, const float* b, bool step_b, float* y,
                int64_t n) {
  find_row(op)(a, step_a, b, step_b, y, n);
}

void binary_f32(const RunArgs& args) {
  auto& p = *static_cast<const BinaryParams*>(args.params);
  for (int64_t u = args.begin; u < args.end; ++u) {  // each unit stays in cache for its activation
    int64_t begin = u * chunk, end = begin + chunk < p.loops.total ? begin + chunk : p.loops.total;
    if (p.attrs.op >= Binary::equal) {
      run_rows<uint8_t>(args, p, begin, end, find_test_row(p.attrs.op));
      continue;
    }
    run_rows<float>(args, p, begin, end, find_row(p.attrs.op));
    float* y = static_cast<float*>(args.out[0]) + begin;
    if (p.attrs.act != Act::none) {
      act_f32(p.attrs.act, p.attrs.act_a, p.attrs.act_b, y, y, end - begin);
    }
  }
}

}  // namespace hone::kernels::HONE_ISA
