// Conv of small groups, with at least as many channels behind as before, over the vectors of one
// ISA: a block of channels is of whole groups, and what its results read of x is one lane spread
// over each group's lanes. Included after simd/<isa>.h.
//
// Packed weights: for each block of `width` channels the bias, then for each tap and channel of a
// group what it is multiplied by (simd/panels.h with one-vector panels).
#pragma once

#include "device/kernels/conv/depthwise.inl.h"

namespace hone::kernels::HONE_ISA {
namespace {

// Output pixels that are computed together: their sums, the pixels under them, a weight and the
// lanes are in registers.
constexpr int grouped_pixels_at_once(int stride) {
  return registers > 16 ? (stride == 1 ? 8 : 6) : (stride == 1 ? 4 : 3);
}

// `count` output pixels of a 3 x 3 conv from ox on. A spread pixel serves up to three of them, a
// weight all. `edge`: some columns of their windows are outside, or fewer of the pixels are inside.
template <int stride, int count, bool edge, bool full>
HONE_INLINE void grouped_pixels(const ConvParams& p, const Epilogue& e,
                                const RowBlock<float, float>& r, const InputRows<3, float>& x,
                                int64_t ox) {
  constexpr int kernel = 3, columns = (count - 1) * stride + kernel;
  V sum[count];
  HONE_UNROLL for (int o = 0; o < count; ++o) sum[o] = load(r.w);
  const int64_t ix = ox * stride - p.pl;
  const float* w = r.w + width;
  const Lanes group = first_of_groups(static_cast<int>(p.og), static_cast<int>(p.cg));
  for (int row = 0; row < kernel; ++row, w += kernel * p.cg * width) {
    if (x.step[row] == 0) continue;
    const float* from[columns];
    HONE_UNROLL for (int j = 0; j < columns; ++j) {
      from[j] = x.at[row] + (ix + j) * x.step[row];
      if (edge && static_cast<uint64_t>(ix + j) >= static_cast<uint64_t>(p.w)) from[j] = r.zeros;
    }
    Lanes lanes = group;
    for (int64_t c = 0; c < p.cg; ++c, lanes = next(lanes)) {
      V v[columns];
      HONE_UNROLL for (int j = 0; j < columns; ++j) {
        v[j] = spread(load_block<full>(from[j], r.x_mask), lanes);
      }
      HONE_UNROLL for (int kx = 0; kx < kernel; ++kx) {
        const V tap = load(w + (kx * p.cg + c) * width);
        HONE_UNROLL for (int o = 0; o < count; ++o) {
          sum[o] = fma(v[o * stride + kx], tap, sum[o]);
        }
      }
    }
  }
  finish<full>(p, e, r, 0, ox, edge && p.ow - ox < count ? p.ow - ox : count, sum);
}

template <int stride, int count, bool full>
__attribute__((noinline)) void grouped_edge(const ConvParams& p, const Epilogue& e,
                                            const RowBlock<float, float>& r,
                                            const InputRows<3, float>& x, int64_t ox) {
  grouped_pixels<stride, count, true, full>(p, e, r, x, ox);
}

template <int stride, int count, bool full>
void grouped_row(const ConvParams& p, const Epilogue& e, const RowBlock<float, float>& r) {
  InputRows<3, float> x;
  for (int i = 0; i < 3; ++i) {
    const bool inside = r.iy + i >= 0 && r.iy + i < p.h;
    x.at[i] = inside ? r.x + i * p.w * p.x_row : r.zeros;
    x.step[i] = inside ? p.x_row : 0;
  }
  for (int64_t ox = 0; ox < p.ow; ox += count) {
    const int64_t ix = ox * stride - p.pl;
    if (ix >= 0 && ix + (count - 1) * stride + 3 <= p.w && ox + count <= p.ow) {
      grouped_pixels<stride, count, false, full>(p, e, r, x, ox);
    } else {
      grouped_edge<stride, count, full>(p, e, r, x, ox);
    }
  }
}

// The same for any kernel, stride and dilation; each tap spreads its pixels.
template <int count, bool edge, bool full>
HONE_INLINE void grouped_any_pixels(const ConvParams& p, const Epilogue& e,
                                    const RowBlock<float, float>& r, Lanes group, int64_t ox) {
  V sum[count];
  HONE_UNROLL for (int o = 0; o < count; ++o) sum[o] = load(r.w);
  const int64_t ky_end = end_inside(r.iy, p.dh, p.h, p.kh);
  for (int64_t ky = first_inside(r.iy, p.dh); ky < ky_end; ++ky) {
    const float *row = r.x + ky * p.dh * p.w * p.x_row, *w = r.w + (1 + ky * p.kw * p.cg) * width;
    for (int64_t kx = 0; kx < p.kw; ++kx) {
      const int64_t ix = ox * p.sw - p.pl + kx * p.dw;
      const float* from[count];
      HONE_UNROLL for (int o = 0; o < count; ++o) {
        const int64_t at = ix + o * p.sw;
        from[o] = row + at * p.x_row;
        if (edge && static_cast<uint64_t>(at) >= static_cast<uint64_t>(p.w)) from[o] = r.zeros;
      }
      Lanes lanes = group;
      for (int64_t c = 0; c < p.cg; ++c, w += width, lanes = next(lanes)) {
        const V tap = load(w);
        HONE_UNROLL for (int o = 0; o < count; ++o) {
          sum[o] = fma(spread(load_block<full>(from[o], r.x_mask), lanes), tap, sum[o]);
        }
      }
    }
  }
  finish<full>(p, e, r, 0, ox, edge && p.ow - ox < count ? p.ow - ox : count, sum);
}

template <bool full>
void grouped_any_row(const ConvParams& p, const Epilogue& e, const RowBlock<float, float>& r) {
  constexpr int count = grouped_pixels_at_once(1);
  const Lanes group = first_of_groups(static_cast<int>(p.og), static_cast<int>(p.cg));
  for (int64_t ox = 0; ox < p.ow; ox += count) {
    const int64_t ix = ox * p.sw - p.pl;
    if (ix >= 0 && ix + (count - 1) * p.sw + (p.kw - 1) * p.dw < p.w && ox + count <= p.ow) {
      grouped_any_pixels<count, false, full>(p, e, r, group, ox);
    } else {
      grouped_any_pixels<count, true, full>(p, e, r, group, ox);
    }
  }
}

template <bool full>
void grouped_block(const ConvParams& p, const Epilogue& e, const RowBlock<float, float>& r) {
  const bool is_3x3 = p.kh == 3 && p.kw == 3 && p.dh == 1 && p.dw == 1;
  if (is_3x3 && p.sw == 1) return grouped_row<1, grouped_pixels_at_once(1), full>(p, e, r);
  if (is_3x3 && p.sw == 2) return grouped_row<2, grouped_pixels_at_once(2), full>(p, e, r);
  grouped_any_row<full>(p, e, r);
}

void run_grouped(const ConvParams& p, const RunArgs& args) {
  Epilogue e = make_epilogue(p.act, p.act_a, p.act_b, p.residual_after_act);
  each_block<float, float>(p, args, p.taps * p.cg, [&](const RowBlock<float, float>& r, bool full) {
    if (full && p.cg == p.og) {
      grouped_block<true>(p, e, r);
    } else {
      grouped_block<false>(p, e, r);
    }
  });
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
