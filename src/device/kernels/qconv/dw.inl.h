// Depthwise qconv over the vectors of one ISA: raw x, weights packed as conv's panels are laid out.
// Included after qconv/ints_<isa>.h.
#pragma once

#include "device/kernels/qconv/tiled.h"

#undef HONE_UNROLL
#define HONE_UNROLL _Pragma("GCC unroll 32")

namespace hone::kernels::HONE_ISA {
namespace {

constexpr int together = 4;  // pixels summed side by side: one sum would wait for itself

// Output pixels of one row whose windows begin at (iy, ix), (iy, ix + stride), ... and take the
// same taps.
struct Span {
  int64_t iy, ix;
  TapRange ky, kx;
  uint8_t* y;
};

// `count` pixels of the block of channels whose packed weights begin at `block`, at channel `at`.
template <bool whole, int count, class X>
HONE_INLINE void pixels_of_block(const QConvParams& p, const X* x, const uint8_t* block,
                                 const Span& s, int64_t at) {
  const ConvParams& c = p.conv;
  const QClamp f = clamp_of(p);
  const I x_zero = set_int(p.x_zero);
  const int32_t* bias = reinterpret_cast<const int32_t*>(block);
  const float* scale = reinterpret_cast<const float*>(bias + width);
  const int16_t* w = reinterpret_cast<const int16_t*>(bias + 2 * width);
  const int64_t n = c.c - at, next_tap = c.dw * c.x_row, next_pixel = c.sw * c.x_row;
  I sum[count];
  HONE_UNROLL for (int q = 0; q < count; ++q) sum[q] = p.wide == 1 ? set_int(0) : load_ints(bias);
  for (int64_t i = s.ky.begin; i < s.ky.end; ++i) {
    const int64_t first = (s.iy + i * c.dh) * c.w + s.ix + s.kx.begin * c.dw;
    const X* from = x + first * c.x_row + at;
    const int16_t* tap = w + (i * c.kw + s.kx.begin) * width;
    for (int64_t j = s.kx.begin; j < s.kx.end; ++j, from += next_tap, tap += width) {
      const I weights = load_lower_words(tap);
      HONE_UNROLL for (int q = 0; q < count; ++q) {
        const X* pixel = from + q * next_pixel;
        const I v = whole ? load_bytes(pixel) : load_first_bytes(pixel, n);
        sum[q] = dot(sum[q], sub_ints(v, x_zero), weights);
      }
    }
  }
  HONE_UNROLL for (int q = 0; q < count; ++q) {
    const I bytes = p.wide == 1
                        ? requantised_apart(sum[q], bias, scale, f.zero, f.lowest, f.highest)
                        : requantised(sum[q], scale, f.zero, f.lowest, f.highest);
    uint8_t* y = s.y + q * c.y_row + at;
    if (whole) {
      store_bytes(y, bytes);
    } else {
      store_first_bytes(y, bytes, n);
    }
  }
}

template <int count, class X>
void pixels(const QConvParams& p, const X* x, const void* packed, const Span& s) {
  const uint8_t* block = static_cast<const uint8_t*>(packed);
  const int64_t bytes = width * (8 + 2 * p.conv.taps);
  int64_t at = 0;
  for (; at + width <= p.conv.c; at += width, block += bytes) {
    pixels_of_block<true, count, X>(p, x, block, s, at);
  }
  if (at < p.conv.c) pixels_of_block<false, count, X>(p, x, block, s, at);
}

template <class X>
void rows(const QConvParams& p, const RunArgs& args) {
  const ConvParams& c = p.conv;
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const int64_t n = unit / c.oh, oy = unit % c.oh;
    const X* x = static_cast<const X*>(args.in[0]) + n * c.h * c.w * c.x_row;
    uint8_t* y = static_cast<uint8_t*>(args.out[0]) + unit * c.ow * c.y_row;
    const int64_t iy = oy * c.sh - c.pt;
    const TapRange ky = taps_inside(iy, c.dh, c.h, c.kh);
    for (int64_t ox = 0, done; ox < c.ow; ox += done) {
      const int64_t ix = ox * c.sw - c.pl, last = ix + (together - 1) * c.sw + (c.kw - 1) * c.dw;
      const Span s{iy, ix, ky, taps_inside(ix, c.dw, c.w, c.kw), y + ox * c.y_row};
      if (ox + together <= c.ow && ix >= 0 && last < c.w) {
        pixels<together, X>(p, x, args.in[1], s);
        done = together;
      } else {
        pixels<1, X>(p, x, args.in[1], s);
        done = 1;
      }
    }
  }
}

}  // namespace

// A unit is one row of one picture.
void qconv_dw_run(const RunArgs& args) {
  const QConvParams& p = *static_cast<const QConvParams*>(args.params);
  p.x_type == DType::u8 ? rows<uint8_t>(p, args) : rows<int8_t>(p, args);
}

}  // namespace hone::kernels::HONE_ISA
