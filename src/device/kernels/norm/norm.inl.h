// norm for vectors of floats. Included after simd/math_<isa>.h.
#pragma once

#include <math.h>

#include "device/kernels/norm/norm_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

constexpr int fold = 32;  // rows of vectors added in f32 before they go into the sum in double

double total(Wide w) {
  double lanes[width], sum = 0;
  wide_store(lanes, w);
  for (int k = 0; k < width; ++k) sum += lanes[k];
  return sum;
}

// Sum of a contiguous run of x.
double sum_run(const float* x, int64_t n) {
  Wide sum = wide_zero();
  int64_t i = 0;
  while (i + 4 * width <= n) {
    V s[4] = {zero(), zero(), zero(), zero()};
    for (int k = 0; k < fold && i + 4 * width <= n; ++k, i += 4 * width) {
      for (int j = 0; j < 4; ++j) s[j] = add(s[j], load(x + i + j * width));
    }
    sum = wide_add(sum, add(add(s[0], s[1]), add(s[2], s[3])));
  }
  V s = zero();
  for (; i < n; i += width) s = add(s, load(x + i, first_lanes(n - i < width ? n - i : width)));
  return total(wide_add(sum, s));
}

// Sums of deviations from a mean that f32 sums gave, which correct it, and of their squares.
struct Deviations {
  double sum = 0, squares = 0;
};
Deviations deviations_of(const float* x, int64_t n, float mean) {
  const V m = set1(mean);
  Wide sum = wide_zero(), squares = wide_zero();
  int64_t i = 0;
  while (i + 2 * width <= n) {
    V s[2] = {zero(), zero()}, q[2] = {zero(), zero()};
    for (int k = 0; k < fold && i + 2 * width <= n; ++k, i += 2 * width) {
      for (int j = 0; j < 2; ++j) {
        V d = sub(load(x + i + j * width), m);
        s[j] = add(s[j], d);
        q[j] = fma(d, d, q[j]);
      }
    }
    sum = wide_add(sum, add(s[0], s[1]));
    squares = wide_add(squares, add(q[0], q[1]));
  }
  for (; i < n; i += width) {
    Mask mask = first_lanes(n - i < width ? n - i : width);
    V d = keep(sub(load(x + i, mask), m), mask);
    sum = wide_add(sum, d);
    squares = wide_add(squares, mul(d, d));
  }
  return {total(sum), total(squares)};
}

// y = (x - mean) factor + rest, where rest is what the mean's correction amounts to.
struct Moments {
  float mean, factor, rest;
};
Moments moments(const NormParams& p, float mean, const Deviations& d, double count) {
  const double shift = p.centre ? d.sum / count : 0;
  const double variance = d.squares / count - shift * shift;
  const double factor = 1 / ::sqrt(variance + static_cast<double>(p.epsilon));
  return {mean, static_cast<float>(factor), static_cast<float>(-shift * factor)};
}
// The mean to give out.
float corrected(const Moments& m) { return m.factor > 0 ? m.mean - m.rest / m.factor : m.mean; }

template <bool scaled, bool biased>
void write_run(const float* x, float* y, int64_t n, const Moments& moments, const float* scale,
               const float* bias) {
  const V m = set1(moments.mean), f = set1(moments.factor), rest = set1(moments.rest);
  for (int64_t i = 0; i < n; i += width) {
    Mask mask = first_lanes(n - i < width ? n - i : width);
    V v = fma(sub(load(x + i, mask), m), f, rest);
    if (scaled) v = mul(v, load(scale + i, mask));
    if (biased) v = add(v, load(bias + i, mask));
    store(y + i, v, mask);
  }
}

// One group that lies in one piece.
void normalise_run(const RunArgs& args, const NormParams& p, int64_t index) {
  const int64_t n = p.size, channel = index % p.groups * n;
  const float* x = norm_in(args, p, 0) + index * n;
  float* y = norm_out(args, p, 0) + index * n;
  const double count = static_cast<double>(n);
  const float mean = p.centre ? static_cast<float>(sum_run(x, n) / count) : 0.0f;
  const Moments m = moments(p, mean, deviations_of(x, n, mean), count);
  const float *scale = norm_in(args, p, 1), *bias = norm_in(args, p, 2);
  if (scale) scale += channel;
  if (bias) bias += channel;
  if (scale && bias) {
    write_run<true, true>(x, y, n, m, scale, bias);
  } else if (scale) {
    write_run<true, false>(x, y, n, m, scale, bias);
  } else if (bias) {
    write_run<false, true>(x, y, n, m, scale, bias);
  } else {
    write_run<false, false>(x, y, n, m, scale, bias);
  }
  if (float* out = norm_out(args, p, 1)) out[index] = corrected(m);
  if (float* out = norm_out(args, p, 2)) out[index] = m.factor;
}

constexpr int vectors = norm_block / width;

// Sums over `rows` rows of up to norm_block columns: of x, or of deviations and their squares.
template <bool deviations>
void sum_columns(const float* x, int64_t rows, int64_t stride, int count, const float* mean,
                 double* sums, double* squares) {
  const int used = (count + width - 1) / width;
  const Mask tail = first_lanes(count - (used - 1) * width), all = first_lanes(width);
  V m[vectors], s[vectors], q[vectors];
  Wide wide[vectors], wide_squares[vectors];
  for (int j = 0; j < used; ++j) {
    m[j] = load(mean + j * width);
    wide[j] = wide_squares[j] = wide_zero();
  }
  for (int64_t r = 0; r < rows;) {
    for (int j = 0; j < used; ++j) s[j] = q[j] = zero();
    const int64_t end = r + fold < rows ? r + fold : rows;
    for (; r < end; ++r) {
      const float* row = x + r * stride;
      for (int j = 0; j < used; ++j) {
        V v = load(row + j * width, j + 1 == used ? tail : all);
        if (deviations) v = sub(v, m[j]);
        s[j] = add(s[j], v);
        if (deviations) q[j] = fma(v, v, q[j]);
      }
    }
    for (int j = 0; j < used; ++j) {
      wide[j] = wide_add(wide[j], s[j]);
      if (deviations) wide_squares[j] = wide_add(wide_squares[j], q[j]);
    }
  }
  double lanes[norm_block];
  for (int j = 0; j < used; ++j) wide_store(lanes + j * width, wide[j]);
  for (int c = 0; c < count; ++c) sums[c] = lanes[c];
  if (!deviations) return;
  for (int j = 0; j < used; ++j) wide_store(lanes + j * width, wide_squares[j]);
  for (int c = 0; c < count; ++c) squares[c] = lanes[c];
}

// What of one unit's channels lies in the block of columns that begins at `first`.
struct Block {
  int64_t first;
  int count;
};

// Groups [g, end) of outer index o: one group, or some with at most norm_block channels together.
class Groups {
 public:
  Groups(const RunArgs& args, const NormParams& p, int64_t o, int64_t g, int64_t end)
      : args_(args), p_(p), o_(o), g_(g), count_(static_cast<int>(end - g)) {}

  void normalise() {
    for (int i = 0; i < count_; ++i) moments_[i] = {};
    if (p_.centre) {
      sum<false>();
      for (int i = 0; i < count_; ++i) {
        moments_[i].mean = static_cast<float>(sums_[i].sum / elements());
      }
    }
    sum<true>();
    for (int i = 0; i < count_; ++i) {
      moments_[i] = moments(p_, moments_[i].mean, sums_[i], elements());
    }
    each_block([&](Block b) { write(b); });
    float *means = norm_out(args_, p_, 1), *factors = norm_out(args_, p_, 2);
    for (int i = 0; i < count_; ++i) {
      if (means) means[o_ * p_.groups + g_ + i] = corrected(moments_[i]);
      if (factors) factors[o_ * p_.groups + g_ + i] = moments_[i].factor;
    }
  }

 private:
  double elements() const { return static_cast<double>(p_.rows) * static_cast<double>(p_.size); }
  int64_t channels() const { return p_.groups * p_.size; }
  int64_t at(Block b) const { return o_ * p_.rows * channels() + g_ * p_.size + b.first; }
  int group_of(Block b, int c) const { return static_cast<int>((b.first + c) / p_.size); }

  template <class F>
  void each_block(F&& f) {
    const int64_t all = count_ * p_.size;
    for (int64_t c = 0; c < all; c += norm_block) {
      f(Block{c, static_cast<int>(all - c < norm_block ? all - c : norm_block)});
    }
  }

  template <bool deviations>
  void sum() {
    for (int i = 0; i < count_; ++i) sums_[i] = {};
    each_block([&](Block b) {
      float mean[norm_block] = {};
      double sums[norm_block], squares[norm_block] = {};
      for (int c = 0; c < b.count; ++c) mean[c] = moments_[group_of(b, c)].mean;
      sum_columns<deviations>(norm_in(args_, p_, 0) + at(b), p_.rows, channels(), b.count, mean,
                              sums, squares);
      for (int c = 0; c < b.count; ++c) {
        sums_[group_of(b, c)].sum += sums[c];
        sums_[group_of(b, c)].squares += squares[c];
      }
    });
  }

  void write(Block b) {
    float mean[norm_block] = {}, factor[norm_block] = {}, shift[norm_block] = {};
    const float *scale = norm_in(args_, p_, 1), *bias = norm_in(args_, p_, 2);
    const int64_t channel = g_ * p_.size + b.first;
    for (int c = 0; c < b.count; ++c) {
      const Moments& m = moments_[group_of(b, c)];
      const float s = scale ? scale[channel + c] : 1.0f;
      mean[c] = m.mean;
      factor[c] = m.factor * s;
      shift[c] = (bias ? bias[channel + c] : 0.0f) + m.rest * s;
    }
    const float* x = norm_in(args_, p_, 0) + at(b);
    float* y = norm_out(args_, p_, 0) + at(b);
    for (int64_t r = 0; r < p_.rows; ++r, x += channels(), y += channels()) {
      for (int c = 0; c < b.count; c += width) {
        Mask mask = first_lanes(b.count - c < width ? b.count - c : width);
        V v = sub(load(x + c, mask), load(mean + c));
        store(y + c, fma(v, load(factor + c), load(shift + c)), mask);
      }
    }
  }

  const RunArgs& args_;
  const NormParams& p_;
  const int64_t o_, g_;
  const int count_;
  Deviations sums_[norm_block];
  Moments moments_[norm_block];
};

}  // namespace

void norm_f32(const RunArgs& args) {
  auto& p = *static_cast<const NormParams*>(args.params);
  if (p.rows == 1) {
    const int64_t all = p.outer * p.groups;
    const int64_t end = args.end * p.per_unit < all ? args.end * p.per_unit : all;
    for (int64_t i = args.begin * p.per_unit; i < end; ++i) normalise_run(args, p, i);
    return;
  }
  for (int64_t u = args.begin; u < args.end; ++u) {
    const int64_t o = u / p.units_across, g = u % p.units_across * p.per_unit;
    const int64_t end = g + p.per_unit < p.groups ? g + p.per_unit : p.groups;
    Groups(args, p, o, g, end).normalise();
  }
}

}  // namespace hone::kernels::HONE_ISA
