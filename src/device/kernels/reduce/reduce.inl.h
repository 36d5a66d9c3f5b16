// reduce for vectors of floats: what is a sum of terms, a product or an extreme. Included after
// simd/math_<isa>.h.
#pragma once

#include <math.h>

#include "device/kernels/reduce/reduce_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

struct Same {
  static inline __attribute__((always_inline)) V of(V x) { return x; }
};
struct Magnitude {
  static inline __attribute__((always_inline)) V of(V x) { return abs(x); }
};
struct Square {
  static inline __attribute__((always_inline)) V of(V x) { return mul(x, x); }
};

float finish_sum(Reduce op, double sum, int64_t n) {
  switch (op) {
    case Reduce::mean: return n == 0 ? 0.0f : static_cast<float>(sum / static_cast<double>(n));
    case Reduce::l2: return static_cast<float>(::sqrt(sum));
    case Reduce::log_sum: return static_cast<float>(::log(sum));
    default: return static_cast<float>(sum);
  }
}

constexpr int fold = 32;  // rows of vectors added in f32 before they go into the sum in double

template <class Term>
Wide sum_run(const float* x, int64_t n, Wide total) {
  int64_t i = 0;
  while (i + 4 * width <= n) {
    V s[4] = {zero(), zero(), zero(), zero()};
    for (int k = 0; k < fold && i + 4 * width <= n; ++k, i += 4 * width) {
      for (int j = 0; j < 4; ++j) s[j] = add(s[j], Term::of(load(x + i + j * width)));
    }
    total = wide_add(total, add(add(s[0], s[1]), add(s[2], s[3])));
  }
  V s = zero();
  for (; i < n; i += width) {
    s = add(s, Term::of(load(x + i, first_lanes(n - i < width ? n - i : width))));
  }
  return wide_add(total, s);
}

template <class Term>
void sum_rows(const RunArgs& args, const ReduceParams& p, int64_t begin, int64_t end) {
  const float* x = static_cast<const float*>(args.in[0]);
  for (int64_t o = begin; o < end; ++o) {
    const float* from = x + offset_at(p.kept, 0, o);
    Wide total = wide_zero();
    walk<1>(p.reduced, 0, p.reduced.total,
            [&](const int64_t* at, int64_t n) { total = sum_run<Term>(from + at[0], n, total); });
    double lanes[width], sum = 0;
    wide_store(lanes, total);
    for (int k = 0; k < width; ++k) sum += lanes[k];
    static_cast<float*>(args.out[0])[o] = finish_sum(p.op, sum, p.reduced.total);
  }
}

constexpr int vectors = reduce_block / width;

// Sums of up to reduce_block columns, `used` vectors of them, the last one masked.
template <class Term>
void sum_columns(const float* x, float* y, const ReduceParams& p, int count) {
  const int used = (count + width - 1) / width;
  const Mask tail = first_lanes(count - (used - 1) * width);
  const int64_t stride = p.reduced.stride[0][p.reduced.rank - 1];
  Wide total[vectors];
  V sum[vectors];
  for (int j = 0; j < vectors; ++j) total[j] = wide_zero(), sum[j] = zero();
  int pending = 0;
  auto flush = [&] {
    for (int j = 0; j < used; ++j) total[j] = wide_add(total[j], sum[j]), sum[j] = zero();
    pending = 0;
  };
  walk<1>(p.reduced, 0, p.reduced.total, [&](const int64_t* at, int64_t n) {
    const float* from = x + at[0];
    for (int64_t k = 0; k < n;) {
      int64_t stop = k + (fold - pending) < n ? k + (fold - pending) : n;
      pending += static_cast<int>(stop - k);
      if (count == reduce_block) {
        for (; k < stop; ++k) {
          for (int j = 0; j < vectors; ++j) {
            sum[j] = add(sum[j], Term::of(load(from + k * stride + j * width)));
          }
        }
      } else {
        for (; k < stop; ++k) {
          const float* row = from + k * stride;
          for (int j = 0; j < used - 1; ++j) sum[j] = add(sum[j], Term::of(load(row + j * width)));
          sum[used - 1] = add(sum[used - 1], Term::of(load(row + (used - 1) * width, tail)));
        }
      }
      if (pending == fold) flush();
    }
  });
  flush();
  double lanes[reduce_block];
  for (int j = 0; j < used; ++j) wide_store(lanes + j * width, total[j]);
  for (int c = 0; c < count; ++c) y[c] = finish_sum(p.op, lanes[c], p.reduced.total);
}

// Folds that stay in f32. A NaN wins over every extreme, as in NumPy.
struct Max {
  static constexpr float start = -__builtin_inff();
  static inline __attribute__((always_inline)) V of(V a, V x) {
    return if_equal(a, a, max(a, x), a);
  }
  static inline __attribute__((always_inline)) float one(float a, float x) {
    return a != a || a > x ? a : x;
  }
};
struct Min {
  static constexpr float start = __builtin_inff();
  static inline __attribute__((always_inline)) V of(V a, V x) {
    return if_equal(a, a, min(a, x), a);
  }
  static inline __attribute__((always_inline)) float one(float a, float x) {
    return a != a || a < x ? a : x;
  }
};
struct Product {
  static constexpr float start = 1;
  static inline __attribute__((always_inline)) V of(V a, V x) { return mul(a, x); }
  static inline __attribute__((always_inline)) float one(float a, float x) { return a * x; }
};

template <class Fold>
V fold_run(const float* x, int64_t n, V acc) {
  const V start = set1(Fold::start);
  V a[4] = {acc, start, start, start};
  int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    for (int j = 0; j < 4; ++j) a[j] = Fold::of(a[j], load(x + i + j * width));
  }
  for (; i < n; i += width) {
    V v = load_or(x + i, first_lanes(n - i < width ? n - i : width), start);
    a[0] = Fold::of(a[0], v);
  }
  return Fold::of(Fold::of(a[0], a[1]), Fold::of(a[2], a[3]));
}

template <class Fold>
void fold_rows(const RunArgs& args, const ReduceParams& p, int64_t begin, int64_t end) {
  const float* x = static_cast<const float*>(args.in[0]);
  for (int64_t o = begin; o < end; ++o) {
    const float* from = x + offset_at(p.kept, 0, o);
    V acc = set1(Fold::start);
    walk<1>(p.reduced, 0, p.reduced.total,
            [&](const int64_t* at, int64_t n) { acc = fold_run<Fold>(from + at[0], n, acc); });
    float lanes[width], result = Fold::start;
    store(lanes, acc);
    for (int k = 0; k < width; ++k) result = Fold::one(result, lanes[k]);
    static_cast<float*>(args.out[0])[o] = result;
  }
}

template <class Fold>
void fold_columns(const float* x, float* y, const ReduceParams& p, int count) {
  const int64_t stride = p.reduced.stride[0][p.reduced.rank - 1];
  for (int c = 0; c < count; c += width) {
    const Mask mask = first_lanes(count - c < width ? count - c : width);
    V acc = set1(Fold::start);
    walk<1>(p.reduced, 0, p.reduced.total, [&](const int64_t* at, int64_t n) {
      for (int64_t k = 0; k < n; ++k) acc = Fold::of(acc, load(x + c + at[0] + k * stride, mask));
    });
    store(y + c, acc, mask);
  }
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA

#include "device/kernels/reduce/arg.inl.h"

namespace hone::kernels::HONE_ISA {
namespace {

using Rows = void (*)(const RunArgs& args, const ReduceParams& p, int64_t begin, int64_t end);
using Columns = void (*)(const float* x, float* y, const ReduceParams& p, int count);
struct Functions {
  Rows rows;
  Columns columns;
};

template <class Term>
constexpr Functions sums() {
  return {sum_rows<Term>, sum_columns<Term>};
}
template <class Fold>
constexpr Functions folds() {
  return {fold_rows<Fold>, fold_columns<Fold>};
}

Functions find(Reduce op) {
  switch (op) {
    case Reduce::l1: return sums<Magnitude>();
    case Reduce::l2:
    case Reduce::sum_square: return sums<Square>();
    case Reduce::max: return folds<Max>();
    case Reduce::min: return folds<Min>();
    case Reduce::prod: return folds<Product>();
    default: return sums<Same>();
  }
}

}  // namespace

void reduce_f32(const RunArgs& args) {
  auto& p = *static_cast<const ReduceParams*>(args.params);
  Functions f = find(p.op);
  int64_t all = p.by_rows ? p.kept.total : p.blocks;
  int64_t begin = args.begin * p.per_unit;
  int64_t end = args.end * p.per_unit < all ? args.end * p.per_unit : all;
  if (is_arg(p.op)) return arg_f32(args, p, begin, end);
  if (p.by_rows) return f.rows(args, p, begin, end);
  for (int64_t b = begin; b < end; ++b) {
    ReduceBlock block = reduce_block_at(p, b);
    f.columns(static_cast<const float*>(args.in[0]) + block.x,
              static_cast<float*>(args.out[0]) + block.y, p, block.count);
  }
}

}  // namespace hone::kernels::HONE_ISA
