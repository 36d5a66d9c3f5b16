// The transforms of conv/winograd.h over the vectors of one ISA. Included after simd/<isa>.h.
//
// With points 0, +-a, +-b, infinity the matrices are the Lagrange polynomials of the points; +-
// pairs share their even and odd halves.
#pragma once

#include "device/kernels/conv/block.inl.h"
#include "device/kernels/conv/winograd.h"

namespace hone::kernels::HONE_ISA {
namespace {

template <int m>
struct Points;
template <>
struct Points<4> {
  static constexpr float a = 0.75f, b = 1.5f, aa = a * a, bb = b * b;

  // B' d
  HONE_INLINE void input(const V (&d)[6], V (&t)[6]) {
    const V even_a = fma(set1(-bb), d[2], d[4]), odd_a = fma(set1(-bb), d[1], d[3]);
    const V even_b = fma(set1(-aa), d[2], d[4]), odd_b = fma(set1(-aa), d[1], d[3]);
    t[0] = fma(set1(aa * bb), d[0], fma(set1(-(aa + bb)), d[2], d[4]));
    t[1] = fma(set1(a), odd_a, even_a);
    t[2] = fma(set1(-a), odd_a, even_a);
    t[3] = fma(set1(b), odd_b, even_b);
    t[4] = fma(set1(-b), odd_b, even_b);
    t[5] = fma(set1(aa * bb), d[1], fma(set1(-(aa + bb)), d[3], d[5]));
  }
  // A' p
  HONE_INLINE void output(const V (&p)[6], V (&y)[4]) {
    const V even_a = add(p[1], p[2]), odd_a = sub(p[1], p[2]);
    const V even_b = add(p[3], p[4]), odd_b = sub(p[3], p[4]);
    y[0] = add(p[0], add(even_a, even_b));
    y[1] = fma(set1(a), odd_a, mul(set1(b), odd_b));
    y[2] = fma(set1(aa), even_a, mul(set1(bb), even_b));
    y[3] = fma(set1(a * aa), odd_a, fma(set1(b * bb), odd_b, p[5]));
  }
};
template <>
struct Points<2> {
  HONE_INLINE void input(const V (&d)[4], V (&t)[4]) {
    t[0] = sub(d[2], d[0]);
    t[1] = add(d[2], d[1]);
    t[2] = sub(d[2], d[1]);
    t[3] = sub(d[3], d[1]);
  }
  HONE_INLINE void output(const V (&p)[4], V (&y)[2]) {
    y[0] = add(p[0], add(p[1], p[2]));
    y[1] = add(sub(p[1], p[2]), p[3]);
  }
};

template <int m, bool full>
HONE_INLINE void input_block(const float* const* pixels, int64_t c, Mask mask, float* v,
                             int64_t position_step) {
  constexpr int n = m + 2;
  V half[n][n];
  HONE_UNROLL for (int x = 0; x < n; ++x) {
    V line[n], t[n];
    HONE_UNROLL for (int y = 0; y < n; ++y) {
      line[y] = load_block<full>(pixels[y * n + x] + c, mask);
    }
    Points<m>::input(line, t);
    HONE_UNROLL for (int y = 0; y < n; ++y) half[y][x] = t[y];
  }
  HONE_UNROLL for (int y = 0; y < n; ++y) {
    V t[n];
    Points<m>::input(half[y], t);
    HONE_UNROLL for (int x = 0; x < n; ++x) {
      store_block<full>(v + (y * n + x) * position_step + c, t[x], mask);
    }
  }
}

template <int m>
void winograd_input(const float* const* pixels, int64_t channels, float* v, int64_t position_step) {
  int64_t c = 0;
  for (; c + width <= channels; c += width) {
    input_block<m, true>(pixels, c, first_lanes(width), v, position_step);
  }
  if (c < channels) {
    input_block<m, false>(pixels, c, first_lanes(channels - c), v, position_step);
  }
}

template <int m, bool full>
HONE_INLINE void output_block(const WinogradOutput& o, int64_t c, Mask mask) {
  constexpr int n = m + 2;
  const V bias = load_block<full>(o.bias + c, mask);
  V half[m][n];
  HONE_UNROLL for (int x = 0; x < n; ++x) {
    V line[n], t[m];
    HONE_UNROLL for (int y = 0; y < n; ++y) {
      line[y] = load(o.products + (y * n + x) * o.position_step + c);
    }
    Points<m>::output(line, t);
    HONE_UNROLL for (int y = 0; y < m; ++y) half[y][x] = t[y];
  }
  HONE_UNROLL for (int y = 0; y < m; ++y) {
    if (y >= o.rows) break;
    V t[m];
    Points<m>::output(half[y], t);
    HONE_UNROLL for (int x = 0; x < m; ++x) t[x] = add(t[x], bias);
    const float* residual = o.residual ? o.residual + y * o.r_line + c : nullptr;
    finish_blocks<full>(*o.epilogue, residual, o.r_row, o.y + y * o.y_line + c, o.y_row, mask,
                        o.columns, t);
  }
}

template <int m>
void winograd_output(const WinogradOutput& o) {
  int64_t c = 0;
  for (; c + width <= o.channels; c += width) output_block<m, true>(o, c, first_lanes(width));
  if (c < o.channels) output_block<m, false>(o, c, first_lanes(o.channels - c));
}

}  // namespace

const WinogradTransforms winograd_2 = {winograd_input<2>, winograd_output<2>};
const WinogradTransforms winograd_4 = {winograd_input<4>, winograd_output<4>};

}  // namespace hone::kernels::HONE_ISA
