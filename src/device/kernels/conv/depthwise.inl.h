// Depthwise conv over the vectors of one ISA: a block of channels at a time, its weights in
// registers, along a row of output pixels. Included after simd/<isa>.h, or simd/halves_<isa>.h
// where x, y and residual are of 16 bits.
//
// Packed weights: for each block of `width` channels the bias, then its taps (simd/panels.h with
// one-vector panels).
#pragma once

#include "device/kernels/conv/block.inl.h"
#include "device/kernels/conv/params.h"

#define HONE_UNROLL _Pragma("GCC unroll 32")

namespace hone::kernels::HONE_ISA {
namespace {

// One block of channels of one row of output pixels; residual is of y's type.
template <class From, class To>
struct RowBlock {
  const From* x;      // the row of input pixels the window's first row lies in, in bounds or not
  int64_t iy;         // its number
  const From* zeros;  // a pixel
  const float* w;     // bias and taps of the block
  To* y;
  const To* residual;
  Mask mask;  // of the block's channels; all of them where `full`
};

template <bool full, class From, class To>
HONE_INLINE void finish(const ConvParams& p, const Epilogue& e, const RowBlock<From, To>& r,
                        int64_t ox, V v) {
  const To* residual = r.residual ? r.residual + ox * p.r_row : nullptr;
  finish_block<full>(e, residual, r.y + ox * p.y_row, r.mask, v);
}

// Kernel positions k in [0, kernel) with 0 <= start + k * dilation < size.
HONE_INLINE int64_t first_inside(int64_t start, int64_t dilation) {
  return start >= 0 ? 0 : (-start + dilation - 1) / dilation;
}
HONE_INLINE int64_t end_inside(int64_t start, int64_t dilation, int64_t size, int64_t kernel) {
  int64_t end = start >= size ? 0 : (size - start + dilation - 1) / dilation;
  return end < kernel ? end : kernel;
}

// Output pixels [begin, end) with any kernel, stride and padding.
template <bool full, class From, class To>
void any_pixels(const ConvParams& p, const Epilogue& e, const RowBlock<From, To>& r, int64_t begin,
                int64_t end) {
  int64_t ky_begin = first_inside(r.iy, p.dh), ky_end = end_inside(r.iy, p.dh, p.h, p.kh);
  for (int64_t ox = begin; ox < end; ++ox) {
    int64_t ix = ox * p.sw - p.pl;
    int64_t kx_begin = first_inside(ix, p.dw), kx_end = end_inside(ix, p.dw, p.w, p.kw);
    V sum = load(r.w);
    for (int64_t ky = ky_begin; ky < ky_end; ++ky) {
      const From* x = r.x + (ky * p.dh * p.w + ix) * p.x_row;
      const float* w = r.w + (1 + ky * p.kw) * width;
      for (int64_t kx = kx_begin; kx < kx_end; ++kx) {
        sum = fma(load_block<full>(x + kx * p.dw * p.x_row, r.mask), load(w + kx * width), sum);
      }
    }
    finish<full>(p, e, r, ox, sum);
  }
}

// `count` output pixels from ox on whose windows' columns are all inside. Rows of the kernel that
// are outside read zeros, again and again: their step is 0.
template <int kernel, int stride, int count, bool full, class From, class To>
HONE_INLINE void inner_pixels(const ConvParams& p, const Epilogue& e, const RowBlock<From, To>& r,
                              const From* const (&rows)[kernel], const int64_t (&steps)[kernel],
                              const V (&w)[kernel * kernel], int64_t ox) {
  V sum[count];
  HONE_UNROLL for (int o = 0; o < count; ++o) sum[o] = load(r.w);
  int64_t ix = ox * stride - p.pl;
  HONE_UNROLL for (int ky = 0; ky < kernel; ++ky) {
    const From* x = rows[ky] + ix * steps[ky];
    HONE_UNROLL for (int j = 0; j < (count - 1) * stride + kernel; ++j) {
      V v = load_block<full>(x + j * steps[ky], r.mask);
      HONE_UNROLL for (int o = 0; o < count; ++o) {
        int kx = j - o * stride;
        if (kx >= 0 && kx < kernel) sum[o] = fma(v, w[ky * kernel + kx], sum[o]);
      }
    }
  }
  HONE_UNROLL for (int o = 0; o < count; ++o) finish<full>(p, e, r, ox + o, sum[o]);
}

template <int kernel, int stride, bool full, class From, class To>
void row_of(const ConvParams& p, const Epilogue& e, const RowBlock<From, To>& r) {
  constexpr int count = 4;
  // Output pixels [begin, end) have every column of their window inside.
  int64_t begin = (p.pl + stride - 1) / stride, last = p.w - kernel + p.pl;
  int64_t end = last < 0 ? 0 : last / stride + 1;
  if (end > p.ow) end = p.ow;
  if (begin > end) begin = end;
  any_pixels<full>(p, e, r, 0, begin);
  const From* rows[kernel];
  int64_t steps[kernel];
  V w[kernel * kernel];
  HONE_UNROLL for (int ky = 0; ky < kernel; ++ky) {
    bool inside = r.iy + ky >= 0 && r.iy + ky < p.h;
    rows[ky] = inside ? r.x + ky * p.w * p.x_row : r.zeros;
    steps[ky] = inside ? p.x_row : 0;
  }
  HONE_UNROLL for (int i = 0; i < kernel * kernel; ++i) w[i] = load(r.w + (1 + i) * width);
  int64_t ox = begin;
  for (; ox + count <= end; ox += count) {
    inner_pixels<kernel, stride, count, full>(p, e, r, rows, steps, w, ox);
  }
  for (; ox < end; ++ox) inner_pixels<kernel, stride, 1, full>(p, e, r, rows, steps, w, ox);
  any_pixels<full>(p, e, r, end, p.ow);
}

template <bool full, class From, class To>
void row_block(const ConvParams& p, const Epilogue& e, const RowBlock<From, To>& r) {
  if (p.kh == p.kw && p.dh == 1 && p.dw == 1) {
    if (p.kw == 3 && p.sw == 1) return row_of<3, 1, full>(p, e, r);
    if (p.kw == 3 && p.sw == 2) return row_of<3, 2, full>(p, e, r);
    if (p.kw == 5 && p.sw == 1) return row_of<5, 1, full>(p, e, r);
    if (p.kw == 5 && p.sw == 2) return row_of<5, 2, full>(p, e, r);
  }
  any_pixels<full>(p, e, r, 0, p.ow);
}

// A unit is one row of output pixels times blocking.panels blocks of channels.
template <class From, class To>
void run_dw(const ConvParams& p, const RunArgs& args) {
  const Blocking& b = p.blocking;
  Epilogue e = make_epilogue(p.act, p.act_a, p.act_b, p.residual_after_act);
  From* zeros = static_cast<From*>(args.scratch);
  for (int64_t c = 0; c < p.c; ++c) zeros[c] = {};
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    int64_t row = unit / b.panel_units, n = row / p.oh, oy = row % p.oh;
    int64_t c_begin = unit % b.panel_units * b.panels * width, c_end = c_begin + b.panels * width;
    if (c_end > p.c) c_end = p.c;
    RowBlock<From, To> r{};
    r.iy = oy * p.sh - p.pt;
    for (int64_t c = c_begin; c < c_end; c += width) {
      r.x = static_cast<const From*>(args.in[0]) + (n * p.h + r.iy) * p.w * p.x_row + c;
      r.zeros = zeros + c;
      r.w = static_cast<const float*>(args.in[1]) + panel_offset(c, p.taps);
      r.y = static_cast<To*>(args.out[0]) + row * p.ow * p.y_row + c;
      if (p.r_row) r.residual = static_cast<const To*>(args.in[3]) + row * p.ow * p.r_row + c;
      r.mask = first_lanes(c_end - c < width ? c_end - c : width);
      if (c_end - c >= width) {
        row_block<true>(p, e, r);
      } else {
        row_block<false>(p, e, r);
      }
    }
  }
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
