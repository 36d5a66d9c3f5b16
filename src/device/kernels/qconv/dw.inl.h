// Depthwise qconv over the vectors of one ISA: a block of channels at a time, along a row of output
// pixels. Bytes of four rows of the kernel are put beside each other, a word for each channel;
// neighbouring pixels share them. Included after qconv/ints_<isa>.h; dw.h says how weights are
// packed.
#pragma once

#include "device/kernels/qconv/dw.h"
#include "device/kernels/qconv/requantise.inl.h"

namespace hone::kernels::HONE_ISA {
namespace {

constexpr int block = 4 * width;  // channels

// One block of channels of one row of output pixels.
struct RowBlock {
  const uint8_t* x;      // the row of input pixels the window's first row lies in, or would lie in
  int64_t iy;            // its number
  const uint8_t* zeros;  // a pixel of zero points
  const int32_t* head;   // the block's packed weights
  const int8_t* w;
  uint8_t* y;
  int64_t channels;  // of the block; all of them unless `few`
};

template <bool few>
HONE_INLINE Bytes load(const QConvParams& p, const uint8_t* x, int64_t n) {
  const Bytes v = few ? load_first(x, n) : load_all(x);
  return flipped(v, p.x_type == DType::i8 ? 0x80 : 0);
}

// f32 results: of every sixteen channels four are in each vector.
HONE_INLINE void finish_floats(const RowBlock& r, const I (&sum)[4], int64_t channels, uint8_t* y) {
  const float* scale = reinterpret_cast<const float*>(r.head + block);
  HONE_UNROLL for (int q = 0; q < 4; ++q) {
    const F scaled = mul_floats(to_floats(sum[q]), load_floats(scale + q * width));
    float v[width];
    store_floats(v, add_floats(scaled, load_floats(scale + block + q * width)));
    for (int k = 0; k < width / 4; ++k) {
      const int64_t at = 16 * k + 4 * q, left = channels - at;
      if (left <= 0) break;
      memcpy(y + at * 4, v + 4 * k, static_cast<size_t>(left < 4 ? left : 4) * sizeof(float));
    }
  }
}

template <bool few>
HONE_INLINE void finish(const QConvParams& p, const RowBlock& r, int64_t ox, const I (&sum)[4]) {
  if (gives_floats(p)) {
    return finish_floats(r, sum, few ? r.channels : block, r.y + ox * p.conv.y_row * 4);
  }
  const QFinish f = finish_of(p);
  const float* scale = reinterpret_cast<const float*>(r.head + block);
  const int64_t column[4] = {0, width, 2 * width, 3 * width};
  const float* const scales[4] = {scale, scale + width, scale + 2 * width, scale + 3 * width};
  const int32_t* bias = r.head + 2 * block;
  const Bytes bytes = f.bias_apart ? requantised<true>(f, sum, bias, scales, column)
                                   : requantised<false>(f, sum, bias, scales, column);
  uint8_t* y = r.y + ox * p.conv.y_row;
  if (few) {
    uint8_t all[block];
    store_all(all, bytes);
    copy_few<block>(y, all, r.channels);
  } else {
    store_all(y, bytes);
  }
}

HONE_INLINE void add_words(I (&sum)[4], const I (&words)[4], const int8_t* w) {
  HONE_UNROLL for (int q = 0; q < 4; ++q) {
    sum[q] = dot_bytes(sum[q], words[q], load_words(w + q * block));
  }
}

// A byte for each row of the kernel from `top` on, as words of all lanes.
HONE_INLINE I ones_of(int64_t rows) {
  return set_int(rows >= 4 ? 0x01010101 : (1 << 8 * rows) / 0xff);
}

// The zero points of the weights meet the sums of x.
HONE_INLINE void take_zeros(const RowBlock& r, const I (&sum_x)[4], I (&sum)[4]) {
  HONE_UNROLL for (int q = 0; q < 4; ++q) {
    const I zero = load_ints(r.head + 3 * block + q * width);
    sum[q] = sub_ints(sum[q], mul_ints(zero, sum_x[q]));
  }
}

// The sums of a window whose rows of four are four(top, kx), from a row of the kernel and a column.
template <bool zeros, class Four>
HONE_INLINE void sum_window(const QConvParams& p, const RowBlock& r, I (&sum)[4], Four four) {
  const ConvParams& c = p.conv;
  I sum_x[4];
  HONE_UNROLL for (int q = 0; q < 4; ++q) {
    sum[q] = load_ints(r.head + q * width), sum_x[q] = set_int(0);
  }
  const int8_t* w = r.w;
  for (int64_t top = 0; top < c.kh; top += 4) {
    const I ones = ones_of(c.kh - top);
    for (int64_t kx = 0; kx < c.kw; ++kx, w += 4 * block) {
      Bytes rows[4];
      four(top, kx, rows);
      I words[4];
      interleave(rows, words);
      add_words(sum, words, w);
      HONE_UNROLL for (int q = 0; zeros && q < 4; ++q) {
        sum_x[q] = dot_bytes(sum_x[q], words[q], ones);
      }
    }
  }
  if (zeros) take_zeros(r, sum_x, sum);
}

// Output pixels [begin, end) with any kernel, stride and padding. zeros: where weights have zero
// points they meet the sums of x.
template <bool few, bool zeros>
void any_pixels(const QConvParams& p, const RowBlock& r, int64_t begin, int64_t end) {
  const ConvParams& c = p.conv;
  for (int64_t ox = begin; ox < end; ++ox) {
    I sum[4];
    sum_window<zeros>(p, r, sum, [&](int64_t top, int64_t kx, Bytes(&rows)[4]) {
      const int64_t ix = ox * c.sw - c.pl + kx * c.dw;
      const bool column = ix >= 0 && ix < c.w;
      HONE_UNROLL for (int k = 0; k < 4; ++k) {
        const int64_t y = (top + k) * c.dh, iy = r.iy + y;
        const bool inside = column && top + k < c.kh && iy >= 0 && iy < c.h;
        rows[k] = load<few>(p, inside ? r.x + (y * c.w + ix) * c.x_row : r.zeros, r.channels);
      }
    });
    finish<few>(p, r, ox, sum);
  }
}

// `count` output pixels from ox on whose windows' columns are all inside. Rows of the kernel that
// are outside read the zeros, again and again: their step is 0.
template <int kernel, int stride, int count, bool few>
HONE_INLINE void inner_pixels(const QConvParams& p, const RowBlock& r,
                              const uint8_t* const (&rows)[kernel], const int64_t (&steps)[kernel],
                              int64_t ox) {
  I sum[count][4];
  HONE_UNROLL for (int q = 0; q < 4; ++q) {
    const I first = load_ints(r.head + q * width);
    HONE_UNROLL for (int o = 0; o < count; ++o) sum[o][q] = first;
  }
  const int64_t ix = ox * stride - p.conv.pl;
  HONE_UNROLL for (int top = 0; top < kernel; top += 4) {
    HONE_UNROLL for (int j = 0; j < (count - 1) * stride + kernel; ++j) {
      Bytes four[4];
      HONE_UNROLL for (int k = 0; k < 4; ++k) {
        const int row = top + k < kernel ? top + k : kernel - 1;  // the rest meets weights of 0
        four[k] = load<few>(p, rows[row] + (ix + j) * steps[row], r.channels);
      }
      I words[4];
      interleave(four, words);
      HONE_UNROLL for (int o = 0; o < count; ++o) {
        const int kx = j - o * stride;
        if (kx >= 0 && kx < kernel) {
          add_words(sum[o], words, r.w + (top / 4 * kernel + kx) * 4 * block);
        }
      }
    }
  }
  HONE_UNROLL for (int o = 0; o < count; ++o) finish<few>(p, r, ox + o, sum[o]);
}

template <int kernel, int stride, bool few>
void row_of(const QConvParams& p, const RowBlock& r) {
  constexpr int count = 2;
  const ConvParams& c = p.conv;
  // Output pixels [begin, end) have every column of their window inside.
  int64_t begin = (c.pl + stride - 1) / stride, last = c.w - kernel + c.pl;
  int64_t end = last < 0 ? 0 : last / stride + 1;
  if (end > c.ow) end = c.ow;
  if (begin > end) begin = end;
  any_pixels<few, false>(p, r, 0, begin);
  const uint8_t* rows[kernel];
  int64_t steps[kernel];
  HONE_UNROLL for (int ky = 0; ky < kernel; ++ky) {
    const bool inside = r.iy + ky >= 0 && r.iy + ky < c.h;
    rows[ky] = inside ? r.x + ky * c.w * c.x_row : r.zeros;
    steps[ky] = inside ? c.x_row : 0;
  }
  int64_t ox = begin;
  for (; ox + count <= end; ox += count) {
    inner_pixels<kernel, stride, count, few>(p, r, rows, steps, ox);
  }
  for (; ox < end; ++ox) inner_pixels<kernel, stride, 1, few>(p, r, rows, steps, ox);
  any_pixels<few, false>(p, r, end, c.ow);
}

template <bool few>
void row_block(const QConvParams& p, const RowBlock& r, bool zeros) {
  const ConvParams& c = p.conv;
  if (zeros) return any_pixels<few, true>(p, r, 0, c.ow);
  if (c.kh == c.kw && c.dh == 1 && c.dw == 1) {
    if (c.kw == 3 && c.sw == 1) return row_of<3, 1, few>(p, r);
    if (c.kw == 3 && c.sw == 2) return row_of<3, 2, few>(p, r);
    // Few channels go with small models, whose kernels are 3 x 3.
    if (!few && c.kw == 5 && c.sw == 1) return row_of<5, 1, false>(p, r);
    if (!few && c.kw == 5 && c.sw == 2) return row_of<5, 2, false>(p, r);
  }
  any_pixels<few, false>(p, r, 0, c.ow);
}

// A row of output pixels of few channels, as many in a vector as it holds: strides are 1, and r.x
// is the first one's window in the copy of x.
template <bool zeros>
void row_of_bytes(const QConvParams& p, RowBlock r) {
  const QSource& s = p.source;
  const int64_t bytes = p.conv.ow * p.conv.c, step = block * (gives_floats(p) ? 4 : 1);
  for (int64_t at = 0; at < bytes; at += block, r.x += block, r.y += step) {
    I sum[4];
    sum_window<zeros>(p, r, sum, [&](int64_t top, int64_t kx, Bytes(&rows)[4]) {
      const uint8_t* x = r.x + kx * p.conv.dw * s.pixel;
      HONE_UNROLL for (int k = 0; k < 4; ++k) {
        const int64_t row = top + k < p.conv.kh ? top + k : top;  // the rest meets weights of 0
        rows[k] = load_all(x + row * s.step_y);
      }
    });
    r.channels = bytes - at;
    if (r.channels < block) {
      finish<true>(p, r, 0, sum);
    } else {
      finish<false>(p, r, 0, sum);
    }
  }
}

void copy_bytes(const QConvParams& p, const void* x, int64_t n, void* to) {
  const int32_t flip = p.x_type == DType::i8 ? 0x80 : 0;
  flip_bytes(static_cast<const uint8_t*>(x), n, flip, static_cast<uint8_t*>(to));
}

void run_rows_of_pixels(const QConvParams& p, const RunArgs& args) {
  if (args.phase == 0) {
    return copy_source(p, copy_bytes, args.in[0], args.workspace, args.begin, args.end);
  }
  const ConvParams& c = p.conv;
  const QPackHead* packed = static_cast<const QPackHead*>(args.in[1]);
  RowBlock r{};
  r.head = reinterpret_cast<const int32_t*>(packed + 1);
  r.w = reinterpret_cast<const int8_t*>(r.head + 4 * block);
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    r.x = window_at(p, args.workspace, unit / c.oh, unit % c.oh, 0);
    r.y = static_cast<uint8_t*>(args.out[0]) + unit * c.ow * c.c * (gives_floats(p) ? 4 : 1);
    packed->zeros != 0 ? row_of_bytes<true>(p, r) : row_of_bytes<false>(p, r);
  }
}

// A unit is one row of one picture.
void run_dw(const RunArgs& args) {
  const QConvParams& p = *static_cast<const QConvParams*>(args.params);
  if (p.source.copied) return run_rows_of_pixels(p, args);
  const ConvParams& c = p.conv;
  uint8_t* zeros = static_cast<uint8_t*>(args.scratch);
  memset(zeros, p.x_zero, static_cast<size_t>(block));
  const QPackHead* packed = static_cast<const QPackHead*>(args.in[1]);
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const int64_t n = unit / c.oh, oy = unit % c.oh;
    RowBlock r{};
    r.iy = oy * c.sh - c.pt;
    r.zeros = zeros;
    const int32_t* head = reinterpret_cast<const int32_t*>(packed + 1);
    for (int64_t i = 0; i < dw_blocks(c, block); ++i) {
      const int64_t at = dw_block_at(c, block, i);
      r.x = static_cast<const uint8_t*>(args.in[0]) + (n * c.h + r.iy) * c.w * c.x_row + at;
      r.y = static_cast<uint8_t*>(args.out[0]) +
            (unit * c.ow * c.y_row + at) * (gives_floats(p) ? 4 : 1);
      r.head = head, r.w = reinterpret_cast<const int8_t*>(head + 4 * block);
      r.channels = c.c;
      if (c.c < block) {
        row_block<true>(p, r, packed->zeros != 0);
      } else {
        row_block<false>(p, r, packed->zeros != 0);
      }
      head += dw_block_bytes(c, block) / 4;
    }
  }
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
