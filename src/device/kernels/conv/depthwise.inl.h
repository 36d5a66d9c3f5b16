// Depthwise conv over the vectors of one ISA: a block of channels at a time, its weights in
// registers, along one or two rows of output pixels. Included after simd/<isa>.h, or
// simd/halves_<isa>.h where x, y and residual are of 16 bits.
//
// Packed weights: for each block of `width` channels the bias, then its taps (simd/panels.h with
// one-vector panels).
#pragma once

#include "device/kernels/conv/block.inl.h"
#include "device/kernels/conv/params.h"

namespace hone::kernels::HONE_ISA {
namespace {

// One block of channels of `lines` rows of output pixels; residual is of y's type.
template <class From, class To>
struct RowBlock {
  const From* x;      // the row of input pixels the window's first row lies in, in bounds or not
  int64_t iy;         // its number
  const From* zeros;  // a pixel
  const float* w;     // bias and taps of the block
  To* y;
  const To* residual;
  int64_t lines;
  Mask mask;    // of the block's channels; all of them where `full`
  Mask x_mask;  // of the channels of x that they read
};

// Sums of output pixels (line, ox) and on, the first `valid` of them.
template <bool full, int count, class From, class To>
HONE_INLINE void finish(const ConvParams& p, const Epilogue& e, const RowBlock<From, To>& r,
                        int64_t line, int64_t ox, int64_t valid, V (&v)[count]) {
  const int64_t at = line * p.ow + ox;
  const To* residual = r.residual ? r.residual + at * p.r_row : nullptr;
  finish_blocks<full>(e, residual, p.r_row, r.y + at * p.y_row, p.y_row, r.mask, valid, v);
}

HONE_INLINE int64_t ceil_of(int64_t a, int64_t b) { return (a + b - 1) / b; }
// Kernel positions k in [0, kernel) with 0 <= start + k * dilation < size.
HONE_INLINE int64_t first_inside(int64_t start, int64_t dilation) {
  return start >= 0 ? 0 : (-start + dilation - 1) / dilation;
}
HONE_INLINE int64_t end_inside(int64_t start, int64_t dilation, int64_t size, int64_t kernel) {
  int64_t end = start >= size ? 0 : (size - start + dilation - 1) / dilation;
  return end < kernel ? end : kernel;
}

// All output pixels of one row, with any kernel, stride and padding.
template <bool full, class From, class To>
void any_pixels(const ConvParams& p, const Epilogue& e, const RowBlock<From, To>& r) {
  int64_t ky_begin = first_inside(r.iy, p.dh), ky_end = end_inside(r.iy, p.dh, p.h, p.kh);
  for (int64_t ox = 0; ox < p.ow; ++ox) {
    int64_t ix = ox * p.sw - p.pl;
    int64_t kx_begin = first_inside(ix, p.dw), kx_end = end_inside(ix, p.dw, p.w, p.kw);
    V sum[1] = {load(r.w)};
    for (int64_t ky = ky_begin; ky < ky_end; ++ky) {
      const From* x = r.x + (ky * p.dh * p.w + ix) * p.x_row;
      const float* w = r.w + (1 + ky * p.kw) * width;
      for (int64_t kx = kx_begin; kx < kx_end; ++kx) {
        V v = load_block<full>(x + kx * p.dw * p.x_row, r.mask);
        sum[0] = fma(v, load(w + kx * width), sum[0]);
      }
    }
    finish<full>(p, e, r, 0, ox, 1, sum);
  }
}

// The rows of a window, or of two below one another. Those outside of the picture are zeros, read
// again and again: their step is 0.
template <int rows, class From>
struct InputRows {
  const From* at[rows];
  int64_t step[rows];
};

// `count` output pixels from ox on, in each of `lines` rows. `edge`: some columns of their windows
// are outside, or fewer of the pixels are inside.
template <int kernel, int stride, int lines, int count, bool edge, bool full, class From, class To>
HONE_INLINE void pixels(const ConvParams& p, const Epilogue& e, const RowBlock<From, To>& r,
                        const InputRows<kernel + (lines - 1) * stride, From>& x,
                        const V (&w)[kernel * kernel], int64_t ox) {
  V sum[lines][count];
  HONE_UNROLL for (int l = 0; l < lines; ++l) {
    HONE_UNROLL for (int o = 0; o < count; ++o) sum[l][o] = load(r.w);
  }
  const int64_t ix = ox * stride - p.pl;
  HONE_UNROLL for (int row = 0; row < kernel + (lines - 1) * stride; ++row) {
    HONE_UNROLL for (int j = 0; j < (count - 1) * stride + kernel; ++j) {
      const From* from = x.at[row] + (ix + j) * x.step[row];
      if (edge && static_cast<uint64_t>(ix + j) >= static_cast<uint64_t>(p.w)) from = r.zeros;
      V v = load_block<full>(from, r.mask);
      HONE_UNROLL for (int l = 0; l < lines; ++l) {
        const int ky = row - l * stride;
        HONE_UNROLL for (int o = 0; o < count; ++o) {
          const int kx = j - o * stride;
          if (ky >= 0 && ky < kernel && kx >= 0 && kx < kernel) {
            sum[l][o] = fma(v, w[ky * kernel + kx], sum[l][o]);
          }
        }
      }
    }
  }
  const int64_t valid = edge && p.ow - ox < count ? p.ow - ox : count;
  HONE_UNROLL for (int l = 0; l < lines; ++l) {
    if (l < r.lines) finish<full>(p, e, r, l, ox, valid, sum[l]);
  }
}

template <int kernel, int stride, int lines, int count, bool full, class From, class To>
__attribute__((noinline)) void edge_pixels(const ConvParams& p, const Epilogue& e,
                                           const RowBlock<From, To>& r,
                                           const InputRows<kernel + (lines - 1) * stride, From>& x,
                                           int64_t ox) {
  V w[kernel * kernel];
  HONE_UNROLL for (int i = 0; i < kernel * kernel; ++i) w[i] = load(r.w + (1 + i) * width);
  pixels<kernel, stride, lines, count, true, full>(p, e, r, x, w, ox);
}

template <int kernel, int stride, int lines, bool full, class From, class To>
void rows_of(const ConvParams& p, const Epilogue& e, const RowBlock<From, To>& r) {
  constexpr int count = 4, rows = kernel + (lines - 1) * stride;
  InputRows<rows, From> x;
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    bool inside = r.iy + i >= 0 && r.iy + i < p.h;
    x.at[i] = inside ? r.x + i * p.w * p.x_row : r.zeros;
    x.step[i] = inside ? p.x_row : 0;
  }
  V w[kernel * kernel];
  HONE_UNROLL for (int i = 0; i < kernel * kernel; ++i) w[i] = load(r.w + (1 + i) * width);
  auto inside = [&](int64_t ox) {
    const int64_t ix = ox * stride - p.pl;
    return ix >= 0 && ix + (count - 1) * stride + kernel <= p.w && ox + count <= p.ow;
  };
  // Loops of their own, so that neither takes registers from the other.
  for (int64_t ox = 0; ox < p.ow;) {
    for (; inside(ox); ox += count) {
      pixels<kernel, stride, lines, count, false, full>(p, e, r, x, w, ox);
    }
    for (; ox < p.ow && !inside(ox); ox += count) {
      edge_pixels<kernel, stride, lines, count, full>(p, e, r, x, ox);
    }
  }
}

// Two lines of 3 x 3 want 18 registers.
template <bool full, class From, class To>
void lines_of_3x3(const ConvParams& p, const Epilogue& e, RowBlock<From, To> r) {
  if constexpr (registers > 16) return rows_of<3, 1, 2, full>(p, e, r);
  const int64_t lines = r.lines;
  r.lines = 1;
  for (int64_t l = 0; l < lines; ++l) {
    rows_of<3, 1, 1, full>(p, e, r);
    r.iy += 1, r.x += p.w * p.x_row, r.y += p.ow * p.y_row;
    if (r.residual) r.residual += p.ow * p.r_row;
  }
}

template <bool full, class From, class To>
void row_block(const ConvParams& p, const Epilogue& e, const RowBlock<From, To>& r) {
  if (p.kh == p.kw && p.dh == 1 && p.dw == 1) {
    if (p.kw == 3 && p.sw == 1 && p.sh == 1) return lines_of_3x3<full>(p, e, r);
    if (p.kw == 3 && p.sw == 2) return rows_of<3, 2, 1, full>(p, e, r);
    if (p.kw == 5 && p.sw == 1) return rows_of<5, 1, 1, full>(p, e, r);
    if (p.kw == 5 && p.sw == 2) return rows_of<5, 2, 1, full>(p, e, r);
  }
  any_pixels<full>(p, e, r);
}

// A unit is blocking.rows rows of output pixels times blocking.panels blocks of channels, of which
// `rows_of_block` is given one after the other. `depth`: weights of a channel.
template <class From, class To, class RowsOfBlock>
HONE_INLINE void each_block(const ConvParams& p, const RunArgs& args, int64_t depth,
                            RowsOfBlock&& rows_of_block) {
  const Blocking& b = p.blocking;
  From* zeros = static_cast<From*>(args.scratch);
  for (int64_t c = 0; c < p.c; ++c) zeros[c] = {};
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const int64_t row_unit = unit / b.panel_units, units = ceil_of(p.oh, b.rows);
    const int64_t n = row_unit / units, oy = row_unit % units * b.rows, row = n * p.oh + oy;
    int64_t c_begin = unit % b.panel_units * b.panels * width, c_end = c_begin + b.panels * width;
    if (c_end > p.o) c_end = p.o;
    RowBlock<From, To> r{};
    r.iy = oy * p.sh - p.pt;
    r.lines = p.oh - oy < b.rows ? p.oh - oy : b.rows;
    for (int64_t c = c_begin; c < c_end; c += width) {
      const int64_t x_c = c / p.og * p.cg, count = c_end - c < width ? c_end - c : width;
      r.x = static_cast<const From*>(args.in[0]) + (n * p.h + r.iy) * p.w * p.x_row + x_c;
      r.zeros = zeros + x_c;
      r.w = static_cast<const float*>(args.in[1]) + panel_offset(c, depth);
      r.y = static_cast<To*>(args.out[0]) + row * p.ow * p.y_row + c;
      if (p.r_row) r.residual = static_cast<const To*>(args.in[3]) + row * p.ow * p.r_row + c;
      r.mask = first_lanes(count);
      r.x_mask = first_lanes(count / p.og * p.cg);
      rows_of_block(r, count == width);
    }
  }
}

template <class From, class To>
void run_dw(const ConvParams& p, const RunArgs& args) {
  Epilogue e = make_epilogue(p.act, p.act_a, p.act_b, p.residual_after_act);
  each_block<From, To>(p, args, p.taps, [&](const RowBlock<From, To>& r, bool full) {
    if (full) {
      row_block<true>(p, e, r);
    } else {
      row_block<false>(p, e, r);
    }
  });
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
