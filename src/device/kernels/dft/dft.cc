#include "device/kernels/dft/dft.h"

#include <cmath>

#include "common/tensor/half.h"
#include "device/kernels/check.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/dft/kernels.inc"
#undef HONE_KERNEL

namespace {

// 2 is the smallest factor, 2^24 the longest line.
constexpr int most_factors = 24;

struct DftParams {
  int64_t length, inner;   // elements between neighbours of a line, parts not counted
  int64_t given, bins;     // of x and y
  int32_t parts, width;    // of x and y: 1 or 2
  bool inverse, mirrored;  // mirrored: x is the first half of a spectrum
  DType type;
  bool narrow;  // computed in f32
  int32_t factors;
  int64_t factor[most_factors];
};

int32_t factorise(int64_t n, int64_t* factor) {
  int32_t count = 0;
  for (int64_t p = 2; n > 1; ++p) {
    if (p * p > n) p = n;
    for (; n % p == 0; n /= p) factor[count++] = p;
  }
  return count;
}

bool is_taken(DType t) {
  return t == DType::f32 || t == DType::f64 || t == DType::f16 || t == DType::bf16;
}

bool is_flag(int32_t v) { return v == 0 || v == 1; }

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<DftAttrs>(step);
  if (!at || step.in.size() != 1 || step.out.size() != 1) return "dft: operands";
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t nx = 0, ny = 0;
  if (!dense_count(x, &nx) || !dense_count(y, &ny)) return "dft: operands must be dense";
  if (!is_taken(x.dtype) || y.dtype != x.dtype) return "dft: types";
  if (!is_flag(at->inverse) || !is_flag(at->onesided)) return "dft: attributes";
  const int rank = x.shape.rank();
  if (step.dims.size() != 2 || rank < 2) return "dft: dims";
  const int64_t axis = step.dims[0], length = step.dims[1];
  if (axis < 0 || axis >= rank - 1) return "dft: axis";
  if (length < 1 || length > longest_dft) return "dft: length";
  const int line = static_cast<int>(axis);
  const bool half = at->onesided != 0 && at->inverse == 0, real = at->onesided && at->inverse;
  const int64_t parts = x.shape[rank - 1], bins = half ? length / 2 + 1 : length;
  if (parts < 1 || parts > 2 || y.shape.rank() != rank) return "dft: shapes";
  int64_t lines = 1;
  for (int d = 0; d < rank - 1; ++d) {
    if (y.shape[d] != (d == line ? bins : x.shape[d])) return "dft: shapes";
    if (d != line) lines *= x.shape[d];
  }
  if (y.shape[rank - 1] != (real ? 1 : 2)) return "dft: shapes";
  auto& p = *params_as<DftParams>(params);
  p.length = length, p.bins = bins, p.given = x.shape[line];
  p.inner = x.shape.count(line + 1, rank - 1);
  p.parts = static_cast<int32_t>(parts), p.width = real ? 1 : 2;
  p.inverse = at->inverse != 0, p.mirrored = real;
  p.type = x.dtype, p.narrow = x.dtype == DType::f32 && parts == 2;
  p.factors = factorise(length, p.factor);
  const int64_t number = p.narrow ? sizeof(float) : sizeof(double);
  work->phases = 2;  // the turns, then the lines
  work->units[0] = ceil_div(length, 1024);
  work->units[1] = lines;
  work->workspace_bytes = 2 * number * length;
  work->scratch_bytes = 4 * number * length;
  return nullptr;
}

template <class T>
struct Value {
  T re, im;
};

template <class T>
void fill_turns(const DftParams& p, int64_t begin, int64_t end, Value<T>* turns) {
  for (int64_t i = begin * 1024; i < min_of(end * 1024, p.length); ++i) {
    const double angle =
        6.283185307179586476925 * static_cast<double>(i) / static_cast<double>(p.length);
    const double sine = ::sin(angle);
    turns[i] = {static_cast<T>(::cos(angle)), static_cast<T>(p.inverse ? sine : -sine)};
  }
}

// One factor's butterfly over the values x[0], x[m], ... x[(p - 1) m], to y in the same places.
// Cosines go with sums of the pairs (q, p - q), sines with their differences. turns[k] is at
// k * step.
template <class T>
void butterfly(const Value<T>* x, Value<T>* y, int64_t p, int64_t m, const Value<T>* turns,
               int64_t step) {
  if (p == 2) {
    y[0] = {x[0].re + x[m].re, x[0].im + x[m].im};
    y[m] = {x[0].re - x[m].re, x[0].im - x[m].im};
    return;
  }
  Value<T> sum = x[0];
  for (int64_t u = 1; u <= p / 2; ++u) {
    Value<T> even = x[0], odd{0, 0};
    for (int64_t q = 1; q <= p / 2; ++q) {
      const Value<T>&a = x[q * m], &b = x[(p - q) * m], &t = turns[u * q % p * step];
      if (u == 1) sum = {sum.re + (a.re + b.re), sum.im + (a.im + b.im)};
      even = {even.re + t.re * (a.re + b.re), even.im + t.re * (a.im + b.im)};
      odd = {odd.re - t.im * (a.im - b.im), odd.im + t.im * (a.re - b.re)};
    }
    y[u * m] = {even.re + odd.re, even.im + odd.im};
    y[(p - u) * m] = {even.re - odd.re, even.im - odd.im};
  }
  y[0] = sum;
}

// Transforms a; gives the one of a and b that holds the result, its bins in the order place() has.
template <class T>
Value<T>* transform(const DftParams& p, Value<T>* a, Value<T>* b, const Value<T>* turns) {
  for (int64_t f = 0, n = p.length; f < p.factors; ++f) {
    const int64_t factor = p.factor[f], m = n / factor, step = p.length / n;
    for (int64_t block = 0; block < p.length; block += n) {
      for (int64_t j = 0; j < m; ++j) {
        Value<T>* y = b + block + j;
        butterfly(a + block + j, y, factor, m, turns, p.length / factor);
        for (int64_t u = 1; u < factor && j > 0; ++u) {
          const Value<T> v = y[u * m], t = turns[u * j * step];
          y[u * m] = {v.re * t.re - v.im * t.im, v.re * t.im + v.im * t.re};
        }
      }
    }
    Value<T>* other = a;
    a = b, b = other;
    n = m;
  }
  return a;
}

// Where bin k stands: its digits in the factors, turned round.
int64_t place(const DftParams& p, int64_t k) {
  int64_t at = 0, n = p.length;
  for (int32_t f = 0; f < p.factors; ++f) {
    n /= p.factor[f];
    at += k % p.factor[f] * n;
    k /= p.factor[f];
  }
  return at;
}

// Elements of x and y in memory.
struct F16 {
  uint16_t bits;
  explicit F16(double v) : bits(f32_to_f16(static_cast<float>(v))) {}
  explicit operator double() const { return f16_to_f32(bits); }
};
struct Bf16 {
  uint16_t bits;
  explicit Bf16(double v) : bits(f32_to_bf16(static_cast<float>(v))) {}
  explicit operator double() const { return bf16_to_f32(bits); }
};

template <class E, class T>
void run_line(const DftParams& p, const E* x, E* y, Value<T>* scratch, const Value<T>* turns) {
  for (int64_t k = 0; k < p.length; ++k) {
    const bool turned = p.mirrored && k > p.length / 2;
    const int64_t from = turned ? p.length - k : k;
    Value<T> v{0, 0};
    if (from < p.given) {
      const E* at = x + from * p.inner * p.parts;
      v = {static_cast<T>(at[0]), p.parts == 2 ? static_cast<T>(at[1]) : T{0}};
    }
    scratch[k] = {v.re, turned ? -v.im : v.im};
  }
  const Value<T>* made = transform(p, scratch, scratch + p.length, turns);
  const T scale = p.inverse ? static_cast<T>(1.0 / static_cast<double>(p.length)) : T{1};
  for (int64_t k = 0; k < p.bins; ++k) {
    const Value<T>& v = made[place(p, k)];
    E* to = y + k * p.inner * p.width;
    to[0] = static_cast<E>(v.re * scale);
    if (p.width == 2) to[1] = static_cast<E>(v.im * scale);
  }
}

template <class E, class T>
void run_as(const RunArgs& args, const DftParams& p) {
  auto* turns = static_cast<Value<T>*>(args.workspace);
  if (args.phase == 0) return fill_turns(p, args.begin, args.end, turns);
  for (int64_t u = args.begin; u < args.end; ++u) {
    const int64_t outer = u / p.inner, within = u % p.inner;
    const E* x = static_cast<const E*>(args.in[0]) + (outer * p.given * p.inner + within) * p.parts;
    E* y = static_cast<E*>(args.out[0]) + (outer * p.bins * p.inner + within) * p.width;
    run_line(p, x, y, static_cast<Value<T>*>(args.scratch), turns);
  }
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const DftParams*>(args.params);
  if (p.narrow) return run_as<float, float>(args, p);
  switch (p.type) {
    case DType::f32: return run_as<float, double>(args, p);
    case DType::f16: return run_as<F16, double>(args, p);
    case DType::bf16: return run_as<Bf16, double>(args, p);
    default: return run_as<double, double>(args, p);
  }
}

}  // namespace

const Kernel dft_any_portable = {
    "dft_any_portable", "dft", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
