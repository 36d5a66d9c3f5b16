#include <cmath>
#include <limits>
#include <type_traits>

#include "common/tensor/arithmetic.h"
#include "device/kernels/check.h"
#include "device/kernels/reduce/reduce_impl.h"

namespace hone::kernels::portable {
namespace {

// Every type is worked on in the widest of its kind, W: double, int64_t or uint64_t.
template <class W>
struct Access {
  void (*load)(const void* x, int64_t at, W* wide, int64_t n);
  void (*store)(void* y, int64_t at, W v);
  W lowest, highest;  // of the type itself
};

template <class T, class W>
void load(const void* x, int64_t at, W* wide, int64_t n) {
  const T* from = static_cast<const T*>(x) + at;
  for (int64_t i = 0; i < n; ++i) wide[i] = static_cast<W>(from[i]);
}
template <class T, class W>
void store(void* y, int64_t at, W v) {
  static_cast<T*>(y)[at] = static_cast<T>(v);
}
template <class T, class W>
constexpr Access<W> access() {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_integral_v<T>) {
    return {load<T, W>, store<T, W>, Limits::min(), Limits::max()};
  } else {
    return {load<T, W>, store<T, W>, -Limits::infinity(), Limits::infinity()};
  }
}

// A reduction of T (a W): Acc, start(lowest, highest), add(acc, x, i) where i counts the elements
// of one result, and finish(acc, n) with n their number.

template <class T>
using SumOf = std::conditional_t<std::is_integral_v<T>, uint64_t, double>;

// Sums of f(x) in double, for integers modulo 2^64.
template <class T, class F, class Finish>
struct Sum {
  static constexpr bool is_index = false;
  using Acc = SumOf<T>;
  static Acc start(T, T) { return 0; }
  static void add(Acc& acc, T x, int64_t) { acc += F()(static_cast<Acc>(x)); }
  static T finish(Acc acc, int64_t n) { return static_cast<T>(Finish()(acc, n)); }
};

// Sums of f(x) in double for every type, for roots and logarithms.
template <class T, class F, class Finish>
struct DoubleSum {
  static constexpr bool is_index = false;
  using Acc = double;
  static double start(T, T) { return 0; }
  static void add(double& acc, T x, int64_t) { acc += F()(static_cast<double>(x)); }
  static T finish(double acc, int64_t n) { return from_double<T>(Finish()(acc, n)); }
};

template <class T>
struct Product {
  static constexpr bool is_index = false;
  using Acc = SumOf<T>;
  static Acc start(T, T) { return 1; }
  static void add(Acc& acc, T x, int64_t) { acc *= static_cast<Acc>(x); }
  static T finish(Acc acc, int64_t) { return static_cast<T>(acc); }
};

// A NaN wins over everything, as in NumPy.
template <class T, bool max>
struct Extreme {
  static constexpr bool is_index = false;
  using Acc = T;
  static T start(T lowest, T highest) { return max ? lowest : highest; }
  static void add(T& acc, T x, int64_t) {
    if (x != x || (max ? x > acc : x < acc)) acc = x;
  }
  static T finish(T acc, int64_t) { return acc; }
};
// `acc` being a NaN, both comparisons are false and it stays.

template <class T, bool max, bool last>
struct Arg {
  static constexpr bool is_index = true;
  struct Acc {
    T best;
    int64_t index;
  };
  static Acc start(T, T) { return {T(0), 0}; }
  static void add(Acc& acc, T x, int64_t i) {
    bool better = max ? x > acc.best : x < acc.best;
    if (x != x) better = acc.best == acc.best || last;
    if (i == 0 || better || (last && x == acc.best)) acc = {x, i};
  }
  static int64_t finish(Acc acc, int64_t) { return acc.index; }
};

// log(sum exp(x)) in one pass: the sum is relative to the largest so far.
template <class T>
struct LogSumExp {
  static constexpr bool is_index = false;
  struct Acc {
    double max, sum;
  };
  static Acc start(T, T) { return {-std::numeric_limits<double>::infinity(), 0}; }
  static void add(Acc& acc, T v, int64_t) {
    double x = static_cast<double>(v);
    if (x > acc.max) {
      acc = {x, acc.sum * std::exp(acc.max - x) + 1};
    } else {
      acc.sum += x == acc.max ? 1 : std::exp(x - acc.max);  // equal: both may be infinite
    }
  }
  static T finish(Acc acc, int64_t) { return from_double<T>(acc.max + std::log(acc.sum)); }
};

template <class Op, class T>
void finish(const RunArgs& args, const Access<T>& io, int64_t at, typename Op::Acc acc, int64_t n) {
  auto v = Op::finish(acc, n);
  if constexpr (Op::is_index) {
    static_cast<int64_t*>(args.out[0])[at] = v;
  } else {
    io.store(args.out[0], at, v);
  }
}

constexpr int64_t run_block = 256;

template <class Op, class T>
void rows(const RunArgs& args, const ReduceParams& p, const Access<T>& io) {
  int64_t end = min_of(args.end * p.per_unit, p.kept.total), n = p.reduced.total;
  for (int64_t o = args.begin * p.per_unit; o < end; ++o) {
    int64_t base = offset_at(p.kept, 0, o), i = 0;
    typename Op::Acc acc = Op::start(io.lowest, io.highest);
    walk<1>(p.reduced, 0, n, [&](const int64_t* at, int64_t run) {
      for (int64_t k = 0; k < run; k += run_block) {
        T wide[run_block];
        int64_t now = min_of(run_block, run - k);
        io.load(args.in[0], base + at[0] + k, wide, now);
        for (int64_t j = 0; j < now; ++j) Op::add(acc, wide[j], i++);
      }
    });
    finish<Op>(args, io, o, acc, n);
  }
}

template <class Op, class T>
void columns(const RunArgs& args, const ReduceParams& p, const Access<T>& io) {
  int64_t end = min_of(args.end * p.per_unit, p.blocks), n = p.reduced.total;
  int64_t stride = p.reduced.stride[0][p.reduced.rank - 1];
  for (int64_t b = args.begin * p.per_unit; b < end; ++b) {
    ReduceBlock block = reduce_block_at(p, b);
    typename Op::Acc acc[reduce_block];
    for (int c = 0; c < block.count; ++c) acc[c] = Op::start(io.lowest, io.highest);
    int64_t i = 0;
    walk<1>(p.reduced, 0, n, [&](const int64_t* at, int64_t run) {
      for (int64_t k = 0; k < run; ++k, ++i) {
        T wide[reduce_block];
        io.load(args.in[0], block.x + at[0] + k * stride, wide, block.count);
        for (int c = 0; c < block.count; ++c) Op::add(acc[c], wide[c], i);
      }
    });
    for (int c = 0; c < block.count; ++c) finish<Op>(args, io, block.y + c, acc[c], n);
  }
}

struct Same {
  template <class A>
  A operator()(A x) const {
    return x;
  }
};
template <class T>
struct Magnitude {  // of an integer through its two's complement in 64 bits
  double operator()(double x) const { return std::fabs(x); }
  uint64_t operator()(uint64_t x) const {
    return std::is_signed_v<T> && static_cast<int64_t>(x) < 0 ? 0 - x : x;
  }
};
struct Square {
  template <class A>
  A operator()(A x) const {
    return x * x;
  }
};
struct Total {
  template <class A>
  A operator()(A acc, int64_t) const {
    return acc;
  }
};
template <class T>
struct Mean {  // of integers truncated; of nothing 0
  double operator()(double acc, int64_t n) const {
    return n == 0 ? 0 : acc / static_cast<double>(n);
  }
  uint64_t operator()(uint64_t acc, int64_t n) const {
    if (n == 0) return 0;
    if (!std::is_signed_v<T>) return acc / static_cast<uint64_t>(n);
    return static_cast<uint64_t>(static_cast<int64_t>(acc) / n);
  }
};
struct Root {
  double operator()(double acc, int64_t) const { return std::sqrt(acc); }
};
struct Log {
  double operator()(double acc, int64_t) const { return std::log(acc); }
};

template <class T>
void run(const RunArgs& args, const Access<T>& io) {
  auto& p = *static_cast<const ReduceParams*>(args.params);
  auto with = [&]<class Op>() {
    p.by_rows ? rows<Op, T>(args, p, io) : columns<Op, T>(args, p, io);
  };
  switch (p.op) {
    case Reduce::sum: return with.template operator()<Sum<T, Same, Total>>();
    case Reduce::mean: return with.template operator()<Sum<T, Same, Mean<T>>>();
    case Reduce::max: return with.template operator()<Extreme<T, true>>();
    case Reduce::min: return with.template operator()<Extreme<T, false>>();
    case Reduce::prod: return with.template operator()<Product<T>>();
    case Reduce::l1: return with.template operator()<Sum<T, Magnitude<T>, Total>>();
    case Reduce::l2: return with.template operator()<DoubleSum<T, Square, Root>>();
    case Reduce::sum_square: return with.template operator()<Sum<T, Square, Total>>();
    case Reduce::log_sum: return with.template operator()<DoubleSum<T, Same, Log>>();
    case Reduce::log_sum_exp: return with.template operator()<LogSumExp<T>>();
    case Reduce::arg_max:
      return p.last ? with.template operator()<Arg<T, true, true>>()
                    : with.template operator()<Arg<T, true, false>>();
    case Reduce::arg_min:
      return p.last ? with.template operator()<Arg<T, false, true>>()
                    : with.template operator()<Arg<T, false, false>>();
  }
}

}  // namespace

void reduce_any(const RunArgs& args) {
  switch (static_cast<const ReduceParams*>(args.params)->dtype) {
    case DType::f32: return run(args, access<float, double>());
    case DType::f64: return run(args, access<double, double>());
    case DType::i8: return run(args, access<int8_t, int64_t>());
    case DType::i16: return run(args, access<int16_t, int64_t>());
    case DType::i32: return run(args, access<int32_t, int64_t>());
    case DType::i64: return run(args, access<int64_t, int64_t>());
    case DType::u8:
    case DType::boolean: return run(args, access<uint8_t, uint64_t>());
    case DType::u16: return run(args, access<uint16_t, uint64_t>());
    case DType::u32: return run(args, access<uint32_t, uint64_t>());
    case DType::u64: return run(args, access<uint64_t, uint64_t>());
    default: return;
  }
}

}  // namespace hone::kernels::portable
