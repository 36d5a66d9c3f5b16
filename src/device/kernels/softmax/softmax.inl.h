// softmax for vectors of floats. Included after simd/math_<isa>.h, simd/act.inl.h and
// unary/math.inl.h.
#pragma once

#include <math.h>

#include "device/kernels/softmax/softmax_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

constexpr float lowest = -__builtin_inff();
constexpr int fold = 64;  // vectors added in f32 before they go into the sum in double

// A NaN may be lost here, but not from the sum, which makes the whole row NaN.
float row_max(const float* x, int64_t n) {
  V m0 = set1(lowest), m1 = m0;
  int64_t i = 0;
  for (; i + 2 * width <= n; i += 2 * width) {
    m0 = max(m0, load(x + i));
    m1 = max(m1, load(x + i + width));
  }
  for (; i < n; i += width) {
    m0 = max(m0, n - i >= width ? load(x + i) : load_or(x + i, first_lanes(n - i), set1(lowest)));
  }
  float lanes[width];
  store(lanes, max(m0, m1));
  float m = lanes[0];
  for (int k = 1; k < width; ++k) m = lanes[k] > m ? lanes[k] : m;
  return m;
}

// Sum of exp(x - m), each written to y unless that is nullptr.
double row_exp(const float* x, float* y, int64_t n, float m) {
  Wide total = wide_zero();
  V vm = set1(m);
  for (int64_t i = 0; i < n;) {
    V sum = zero();
    for (int k = 0; k < fold && i < n; ++k, i += width) {
      if (n - i >= width) {
        V e = exp(sub(load(x + i), vm));
        if (y) store(y + i, e);
        sum = add(sum, e);
      } else {
        Mask mask = first_lanes(n - i);
        V e = exp(sub(load(x + i, mask), vm));
        if (y) store(y + i, e, mask);
        sum = add(sum, keep(e, mask));
      }
    }
    total = wide_add(total, sum);
  }
  double lanes[width], sum = 0;
  wide_store(lanes, total);
  for (int k = 0; k < width; ++k) sum += lanes[k];
  return sum;
}

void normalise_row(const float* x, float* y, int64_t n, bool log) {
  float m = row_max(x, n);
  double sum = row_exp(x, log ? nullptr : y, n, m);
  V scale = set1(static_cast<float>(log ? ::log(sum) : 1 / sum)), vm = set1(m);
  for (int64_t i = 0; i < n; i += width) {
    Mask mask = first_lanes(n - i < width ? n - i : width);
    V v = log ? sub(sub(load(x + i, mask), vm), scale) : mul(load(y + i, mask), scale);
    store(y + i, v, mask);
  }
}

// Up to `width` normalisations side by side, elements `stride` apart.
void normalise_columns(const float* x, float* y, int64_t size, int64_t stride, Mask mask,
                       bool log) {
  V m = load(x, mask);
  for (int64_t i = 1; i < size; ++i) m = max(m, load(x + i * stride, mask));
  Wide total = wide_zero();
  for (int64_t i = 0; i < size;) {
    V sum = zero();
    for (int k = 0; k < fold && i < size; ++k, ++i) {
      V e = exp(sub(load(x + i * stride, mask), m));
      if (!log) store(y + i * stride, e, mask);
      sum = add(sum, e);
    }
    total = wide_add(total, sum);
  }
  double sums[width];
  float scales[width];
  wide_store(sums, total);
  for (int k = 0; k < width; ++k) {
    scales[k] = static_cast<float>(log ? ::log(sums[k]) : 1 / sums[k]);
  }
  V scale = load(scales);
  for (int64_t i = 0; i < size; ++i) {
    V v = log ? sub(sub(load(x + i * stride, mask), m), scale)
              : mul(load(y + i * stride, mask), scale);
    store(y + i * stride, v, mask);
  }
}

// `rows` dense rows of no more than `width` elements each, side by side like columns: alone a short
// row would leave most lanes of a vector empty.
void normalise_short_rows(const float* x, float* y, int64_t rows, int64_t size, bool log) {
  float block[width * width];
  for (int64_t r = 0; r < rows; r += width) {
    const int64_t here = rows - r < width ? rows - r : width;
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t k = 0; k < here; ++k) block[i * width + k] = x[(r + k) * size + i];
      for (int64_t k = here; k < width; ++k) block[i * width + k] = 0;
    }
    normalise_columns(block, block, size, width, first_lanes(width), log);
    for (int64_t k = 0; k < here; ++k) {
      for (int64_t i = 0; i < size; ++i) y[(r + k) * size + i] = block[i * width + k];
    }
  }
}

}  // namespace

void softmax_f32(const RunArgs& args) {
  auto& p = *static_cast<const SoftmaxParams*>(args.params);
  const float* x = static_cast<const float*>(args.in[0]);
  float* y = static_cast<float*>(args.out[0]);
  int64_t across = (p.inner + softmax_block - 1) / softmax_block;
  int64_t end = args.end * p.per_unit < p.blocks ? args.end * p.per_unit : p.blocks;
  if (p.inner == 1 && p.size <= width) {
    const int64_t first = args.begin * p.per_unit, at = first * p.size;
    if (first < end) normalise_short_rows(x + at, y + at, end - first, p.size, p.log);
    return;
  }
  for (int64_t b = args.begin * p.per_unit; b < end; ++b) {
    int64_t column = b % across * softmax_block, at = b / across * p.size * p.inner + column;
    if (p.inner == 1) {
      normalise_row(x + at, y + at, p.size, p.log);
      continue;
    }
    int64_t columns = p.inner - column < softmax_block ? p.inner - column : softmax_block;
    for (int64_t c = 0; c < columns; c += width) {
      Mask mask = first_lanes(columns - c < width ? columns - c : width);
      normalise_columns(x + at + c, y + at + c, p.size, p.inner, mask, p.log);
    }
  }
}

}  // namespace hone::kernels::HONE_ISA
