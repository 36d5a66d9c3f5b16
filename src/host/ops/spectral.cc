// DFT, STFT, the windows, MelWeightMatrix.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

struct Complex {
  double re = 0, im = 0;
};

// Fourier transform by its prime factors, in T. Where sums cancel, what is left is T's rounding and
// the order of additions: they are those of NumPy, in whose terms ONNX defines DFT.
template <class T>
class Fourier {
 public:
  struct Value {
    T re, im;
  };
  Fourier(size_t length, bool inverse) : length_(length) {
    for (size_t i = 0; i < length; ++i) {
      const double angle =
          2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(length);
      const double sine = inverse ? std::sin(angle) : -std::sin(angle);
      turns_.push_back({static_cast<T>(std::cos(angle)), static_cast<T>(sine)});
    }
  }

  // x.size() divides the length.
  std::vector<Value> operator()(const std::vector<Value>& x) const {
    const size_t n = x.size();
    if (n < 2) return x;
    size_t p = 2;
    while (n % p != 0) p = p * p > n ? n : p + 1;
    const size_t m = n / p;
    std::vector<std::vector<Value>> parts(p, std::vector<Value>(m));
    std::vector<Value> column(p);
    for (size_t j = 0; j < m; ++j) {
      for (size_t q = 0; q < p; ++q) column[q] = x[j + m * q];
      const std::vector<Value> mixed = butterfly(column);
      for (size_t u = 0; u < p; ++u) {
        parts[u][j] = u * j == 0 ? mixed[u] : times(mixed[u], turn(u * j, n));
      }
    }
    std::vector<Value> y(n);
    for (size_t u = 0; u < p; ++u) {
      const std::vector<Value> part = (*this)(parts[u]);
      for (size_t k = 0; k < m; ++k) y[u + p * k] = part[k];
    }
    return y;
  }

 private:
  const Value& turn(size_t k, size_t n) const { return turns_[k % n * (length_ / n)]; }
  static Value times(Value a, Value b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }

  // Of a prime number of values: cosines go with sums of the pairs (q, p - q), sines with their
  // differences.
  std::vector<Value> butterfly(const std::vector<Value>& x) const {
    const size_t p = x.size();
    if (p == 2) {
      return {{x[0].re + x[1].re, x[0].im + x[1].im}, {x[0].re - x[1].re, x[0].im - x[1].im}};
    }
    std::vector<Value> y(p, x[0]);
    for (size_t u = 1; u <= p / 2; ++u) {
      Value even = x[0], odd{0, 0};
      for (size_t q = 1; q <= p / 2; ++q) {
        const Value &a = x[q], &b = x[p - q], &t = turn(u * q, p);
        if (u == 1) y[0] = {y[0].re + (a.re + b.re), y[0].im + (a.im + b.im)};
        even = {even.re + t.re * (a.re + b.re), even.im + t.re * (a.im + b.im)};
        odd = {odd.re - t.im * (a.im - b.im), odd.im + t.im * (a.re - b.re)};
      }
      y[u] = {even.re + odd.re, even.im + odd.im};
      y[p - u] = {even.re - odd.re, even.im - odd.im};
    }
    return y;
  }

  size_t length_;
  std::vector<Value> turns_;
};

// y[k] = sum over n of x[n] e^(-+ 2 pi i k n / length), for k < `count`; x is padded with zeros.
template <class T>
std::vector<Complex> transform_in(const std::vector<Complex>& x, int64_t length, int64_t count,
                                  bool inverse) {
  const auto size = static_cast<size_t>(length);
  using Value = typename Fourier<T>::Value;
  std::vector<Value> given(size, Value{0, 0});
  for (size_t i = 0; i < std::min(size, x.size()); ++i) {
    given[i] = {static_cast<T>(x[i].re), static_cast<T>(x[i].im)};
  }
  const std::vector<Value> made = Fourier<T>(size, inverse)(given);
  const T scale = inverse ? static_cast<T>(1.0 / static_cast<double>(length)) : T{1};
  std::vector<Complex> y;
  for (size_t k = 0; k < static_cast<size_t>(count); ++k) {
    y.push_back({made[k].re * scale, made[k].im * scale});
  }
  return y;
}

// NumPy's rule: complex numbers of two f32 are transformed in f32, all else in f64.
std::vector<Complex> transform(bool narrow, const std::vector<Complex>& x, int64_t length,
                               int64_t count, bool inverse) {
  return narrow ? transform_in<float>(x, length, count, inverse)
                : transform_in<double>(x, length, count, inverse);
}

constexpr int64_t longest = int64_t{1} << 24;

// --- DFT ----------------------------------------------------------------------------------------

struct DftKind {
  bool inverse, onesided;
  // Of a one-sided spectrum the inverse is real.
  int64_t parts() const { return inverse && onesided ? 1 : 2; }
};
DftKind kind_of(const Node& node) {
  return {node.attributes.i("inverse", 0) != 0, node.attributes.i("onesided", 0) != 0};
}

// 1 where an axis of any integer, from the back where negative, is `d`; else 0.
Dim names_axis(const Dim& axis, int d, int rank) {
  const auto less = [](const Dim& x, const Dim& y) { return Dim::apply(Dim::Op::less, {x, y}); };
  const Dim from_front = axis + Dim(rank) * less(axis, Dim(0));
  return less(Dim(d - 1), from_front) * less(from_front, Dim(d + 1));
}

Status infer_dft(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1, true));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 2, true));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  const DType t = ctx.in(0).dtype;
  std::optional<std::vector<Dim>> axis, length;
  axis = {Dim(ctx.node().attributes.i("axis", ctx.node().version >= 20 ? -2 : 1))};
  if (ctx.has_input(2)) axis = ctx.sizes(2);
  if (ctx.has_input(1)) length = ctx.sizes(1);
  if (!ctx.has_rank(0) || !axis || axis->size() != 1) {
    ctx.set_unranked(0, t);
    return {};
  }
  const int rank = ctx.in(0).rank();
  if (axis->front().is_const()) {
    HONE_ASSIGN(const int at, normal_axis(axis->front().value(), rank));
    if (at + 1 == rank) return invalid("the axis is that of real and imaginary parts");
  }
  const DftKind kind = kind_of(ctx.node());
  SymShape out = ctx.shape(0);
  for (int d = 0; d + 1 < rank; ++d) {
    Dim& size = out[static_cast<size_t>(d)];
    Dim count = kind.parts() == 1 ? Dim(2) * (size - Dim(1)) : size;
    if (ctx.has_input(1)) {
      count = length && length->size() == 1 ? length->front() : ctx.unknown(0, d);
      if (count.is_const() && count.value() < 1) return invalid("dft_length is below 1");
    }
    if (kind.onesided && !kind.inverse) count = floor_div(count, Dim(2)) + Dim(1);
    const Dim here = names_axis(axis->front(), d, rank);
    // A line of one one-sided bin has no length of its own.
    if (here == Dim(1) && count.is_const() && count.value() < 1) return invalid("an empty line");
    if (here != Dim(0)) size = here == Dim(1) ? count : size + here * (count - size);
  }
  out.back() = Dim(kind.parts());
  ctx.set(0, t, std::move(out));
  return {};
}

// A one-sided spectrum's other half: the conjugates.
std::vector<Complex> whole(std::vector<Complex> half, int64_t length) {
  half.resize(static_cast<size_t>(length / 2 + 1));
  std::vector<Complex> x(static_cast<size_t>(length));
  for (int64_t k = 0; k < length; ++k) {
    const bool mirrored = k > length / 2;
    const Complex v = half[static_cast<size_t>(mirrored ? length - k : k)];
    x[static_cast<size_t>(k)] = {v.re, mirrored ? -v.im : v.im};
  }
  return x;
}

Status dft(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  const Node& node = ctx.node();
  const DftKind kind = kind_of(node);
  int64_t given = node.attributes.i("axis", node.version >= 20 ? -2 : 1);
  if (ctx.has_input(2)) {
    HONE_ASSIGN(given, scalar_int(ctx, 2));
  }
  HONE_ASSIGN(const int axis, normal_axis(given, x.rank()));
  const int64_t parts = x.dims().back();
  if (axis + 1 == x.rank() || parts < 1 || parts > 2) {
    return error(Code::shape_mismatch, "the last axis does not hold real and imaginary parts");
  }
  const auto at = static_cast<size_t>(axis);
  int64_t length = kind.parts() == 1 ? 2 * (x.dims()[at] - 1) : x.dims()[at];
  if (ctx.has_input(1)) {
    HONE_ASSIGN(length, scalar_int(ctx, 1));
  }
  if (length < 1 || length > longest) return invalid(fmt::format("dft_length is {}", length));
  const int64_t count = kind.onesided && !kind.inverse ? length / 2 + 1 : length;
  Dims dims = x.dims();
  dims[at] = count;
  dims.back() = kind.parts();
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  const Lines from = lines_of(x.dims(), axis), to = lines_of(dims, axis);
  const bool narrow = x.dtype() == DType::f32 && parts == 2;
  const std::vector<double> xs = load<double>(x);
  std::vector<double> y(static_cast<size_t>(element_count(dims)));
  for (int64_t i = 0; i < from.count / parts; ++i) {
    std::vector<Complex> line;
    for (int64_t k = 0; k < from.size; ++k) {
      const double* v = xs.data() + from.first(i * parts) + k * from.stride;
      line.push_back({v[0], parts == 2 ? v[1] : 0});
    }
    if (kind.parts() == 1) line = whole(std::move(line), length);
    const std::vector<Complex> out = transform(narrow, line, length, count, kind.inverse);
    for (int64_t k = 0; k < count; ++k) {
      double* v = y.data() + to.first(i * kind.parts()) + k * to.stride;
      v[0] = out[static_cast<size_t>(k)].re;
      if (kind.parts() == 2) v[1] = out[static_cast<size_t>(k)].im;
    }
  }
  ctx.set(0, store(x.dtype(), dims, y));
  return {};
}

// --- STFT ---------------------------------------------------------------------------------------

Status infer_stft(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 1, 1));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1, true));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 3, true));
  if (!ctx.has_rank(0)) {
    ctx.set(0, ctx.in(0).dtype, {ctx.unknown(0, 0), ctx.unknown(0, 1), ctx.unknown(0, 2), Dim(2)});
    return {};
  }
  const SymShape& x = ctx.shape(0);
  Dim length = x[1];
  const auto given = ctx.content(3), step = ctx.content(1);
  if (given && given->size() == 1) {
    length = given->front();
  } else if (ctx.has_input(3)) {
    length = ctx.unknown(0, 2);
  } else if (ctx.has_input(2)) {
    length = ctx.has_rank(2) ? ctx.shape(2)[0] : ctx.unknown(0, 2);
  }
  Dim frames = ctx.unknown(0, 1);
  if (step && step->size() == 1 && (!ctx.has_input(3) || given)) {
    if (step->front().is_const() && step->front().value() < 1) return invalid("frame_step");
    if (step->front().is_const()) frames = floor_div(x[1] - length, step->front()) + Dim(1);
  }
  if (frames.is_const() && frames.value() < 0) {
    return error(Code::shape_mismatch, "a frame is longer than the signal");
  }
  const bool half = ctx.node().attributes.i("onesided", 1) != 0;
  ctx.set(0, ctx.in(0).dtype,
          {x[0], frames, half ? floor_div(length, Dim(2)) + Dim(1) : length, Dim(2)});
  return {};
}

Status stft(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.rank() != 3 || x.dims()[2] < 1 || x.dims()[2] > 2) {
    return error(Code::shape_mismatch, "the signal is not [batch, length, 1 or 2]");
  }
  HONE_ASSIGN(const int64_t step, scalar_int(ctx, 1));
  const int64_t batch = x.dims()[0], size = x.dims()[1], parts = x.dims()[2];
  std::vector<double> window;
  int64_t length = size;
  if (ctx.has_input(2)) {
    window = load<double>(ctx.in(2));
    length = static_cast<int64_t>(window.size());
  }
  if (ctx.has_input(3)) {
    HONE_ASSIGN(length, scalar_int(ctx, 3));
  }
  if (length < 1 || length > longest || length > size || step < 1 ||
      (!window.empty() && static_cast<int64_t>(window.size()) != length)) {
    return invalid("frame_step, frame_length and window do not fit the signal");
  }
  window.resize(static_cast<size_t>(length), 1.0);
  const int64_t frames = (size - length) / step + 1;
  const int64_t bins = ctx.node().attributes.i("onesided", 1) != 0 ? length / 2 + 1 : length;
  const Dims dims{batch, frames, bins, 2};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  const std::vector<double> xs = load<double>(x);
  std::vector<double> y;
  for (int64_t i = 0; i < batch * frames; ++i) {
    std::vector<Complex> frame;
    for (int64_t k = 0; k < length; ++k) {
      const double* v = xs.data() + (i / frames * size + i % frames * step + k) * parts;
      const double w = window[static_cast<size_t>(k)];
      frame.push_back({v[0] * w, parts == 2 ? v[1] * w : 0});
    }
    for (const Complex& c : transform(false, frame, length, bins, false)) {
      y.push_back(c.re);
      y.push_back(c.im);
    }
  }
  ctx.set(0, store(x.dtype(), dims, y));
  return {};
}

// --- windows, MelWeightMatrix -------------------------------------------------------------------

Result<DType> output_type(const Node& node) {
  const int64_t t = node.attributes.i("output_datatype", 1);
  const bool real = t > 0 && t < dtype_count &&
                    (is_float(static_cast<DType>(t)) || is_integer(static_cast<DType>(t)));
  if (!real) return unsupported(fmt::format("output_datatype {}", t));
  return static_cast<DType>(t);
}

Status infer_window(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 0, true));
  HONE_ASSIGN(const DType t, output_type(ctx.node()));
  const auto size = ctx.sizes(0);
  if (size && size->size() != 1) return error(Code::shape_mismatch, "size is not one number");
  if (size && size->front().is_const() && size->front().value() < 0) return invalid("size");
  ctx.set(0, t, {size ? size->front() : ctx.unknown(0, 0)});
  return {};
}

// w[n] = a - b cos(2 pi n / N) + c cos(4 pi n / N)
struct Cosines {
  double a, b, c;
};
constexpr Cosines hann{0.5, 0.5, 0}, hamming{25.0 / 46, 21.0 / 46, 0}, blackman{0.42, 0.5, 0.08};

template <const Cosines& Of>
Status window(RefContext& ctx) {
  HONE_ASSIGN(const DType t, output_type(ctx.node()));
  HONE_ASSIGN(const int64_t size, scalar_int(ctx, 0));
  HONE_RETURN_IF_ERROR(check_size(DType::f64, {size}));
  const bool periodic = ctx.node().attributes.i("periodic", 1) != 0;
  const double period = static_cast<double>(std::max<int64_t>(1, periodic ? size : size - 1));
  std::vector<double> values;
  for (int64_t n = 0; n < size; ++n) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(n) / period;
    values.push_back(Of.a - Of.b * std::cos(angle) + Of.c * std::cos(2 * angle));
  }
  ctx.set(0, store(t, {size}, values));
  return {};
}

Status infer_mel(InferContext& ctx) {
  HONE_ASSIGN(const DType t, output_type(ctx.node()));
  const auto bands = ctx.content(0), length = ctx.content(1);
  const auto one = [](const auto& v) { return v && v->size() == 1; };
  const Dim bins = one(length) ? floor_div(length->front(), Dim(2)) + Dim(1) : ctx.unknown(0, 0);
  const Dim columns = one(bands) ? bands->front() : ctx.unknown(0, 1);
  if ((bins.is_const() && bins.value() < 0) || (columns.is_const() && columns.value() < 0)) {
    return invalid("a negative size");
  }
  ctx.set(0, t, {bins, columns});
  return {};
}

Status mel(RefContext& ctx) {
  HONE_ASSIGN(const DType t, output_type(ctx.node()));
  HONE_ASSIGN(const int64_t bands, scalar_int(ctx, 0));
  HONE_ASSIGN(const int64_t length, scalar_int(ctx, 1));
  HONE_ASSIGN(const int64_t rate, scalar_int(ctx, 2));
  if (ctx.in(3).count() != 1 || ctx.in(4).count() != 1 || length < 0 || length > longest ||
      bands < 0 || bands > longest || rate < 1) {
    return invalid("sizes, rate or edges");
  }
  const Dims dims{length / 2 + 1, bands};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  const auto to_mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double low = to_mel(load<double>(ctx.in(3))[0]), high = to_mel(load<double>(ctx.in(4))[0]);
  // Where the triangles begin, peak and end: evenly spaced on the mel scale, as bins.
  std::vector<int64_t> edges;
  for (int64_t i = 0; i < bands + 2; ++i) {
    const double mel = low + static_cast<double>(i) * (high - low) / static_cast<double>(bands + 2);
    const double hertz = 700 * (std::pow(10.0, mel / 2595) - 1);
    const double bin =
        std::floor(static_cast<double>(length + 1) * hertz / static_cast<double>(rate));
    if (!(bin >= 0 && bin < static_cast<double>(dims[0]))) {
      return invalid("an edge lies outside of the spectrum");
    }
    edges.push_back(static_cast<int64_t>(bin));
  }
  std::vector<double> weights(static_cast<size_t>(element_count(dims)));
  for (int64_t i = 0; i < bands; ++i) {
    const int64_t* e = edges.data() + i;
    const auto set = [&](int64_t bin, double v) {
      weights[static_cast<size_t>(bin * bands + i)] = v;
    };
    if (e[0] == e[1]) set(e[1], 1);
    for (int64_t j = e[0]; j <= e[1] && e[0] != e[1]; ++j) {
      set(j, static_cast<double>(j - e[0]) / static_cast<double>(e[1] - e[0]));
    }
    for (int64_t j = e[1]; j < e[2]; ++j) {
      set(j, static_cast<double>(e[2] - j) / static_cast<double>(e[2] - e[1]));
    }
  }
  ctx.set(0, store(t, dims, weights));
  return {};
}

double dft_flops(const Graph& graph, const Node& node) {
  const double n = input_elements(graph, node);
  return 5 * n * std::log2(std::max(2.0, n));
}
double stft_flops(const Graph& graph, const Node& node) {
  return 20 * output_elements(graph, node);
}

constexpr AttrSpec dft_17[] = {
    {"axis", AttrType::i}, {"inverse", AttrType::i}, {"onesided", AttrType::i}};
constexpr AttrSpec dft_20[] = {{"inverse", AttrType::i}, {"onesided", AttrType::i}};
constexpr AttrSpec onesided[] = {{"onesided", AttrType::i}};
constexpr AttrSpec window_attrs[] = {{"output_datatype", AttrType::i}, {"periodic", AttrType::i}};
constexpr AttrSpec mel_attrs[] = {{"output_datatype", AttrType::i}};
const OpDef defs[] = {
    {"", "DFT", 17, 1, 2, 1, 1, dft_17, infer_dft, dft, dft_flops, 1e-4},
    {"", "DFT", 20, 1, 3, 1, 1, dft_20, infer_dft, dft, dft_flops, 1e-4},
    {"", "STFT", 17, 2, 4, 1, 1, onesided, infer_stft, stft, stft_flops, 1e-4},
    {"", "HannWindow", 17, 1, 1, 1, 1, window_attrs, infer_window, window<hann>, nullptr},
    {"", "HammingWindow", 17, 1, 1, 1, 1, window_attrs, infer_window, window<hamming>, nullptr},
    {"", "BlackmanWindow", 17, 1, 1, 1, 1, window_attrs, infer_window, window<blackman>, nullptr},
    {"", "MelWeightMatrix", 17, 5, 5, 1, 1, mel_attrs, infer_mel, mel, nullptr},
};

}  // namespace

std::span<const OpDef> spectral_defs() { return defs; }

}  // namespace hone::ops
