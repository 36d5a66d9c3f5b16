// Depthwise qconv over the vectors of one ISA: raw x, weights packed as conv's panels are laid out.
// Included after qconv/ints_<isa>.h.
#pragma once

#include "device/kernels/qconv/tiled.h"

namespace hone::kernels::HONE_ISA {
namespace {

// `width` channels from p on; the last n of a row by way of a buffer.
template <class X>
HONE_INLINE I channels(const X* p, int64_t n) {
  if (n >= width) return load_bytes(p);
  X last[width] = {};
  for (int64_t i = 0; i < n; ++i) last[i] = p[i];
  return load_bytes(last);
}

template <class X>
void pixel(const QConvParams& p, const X* x, const void* packed, int64_t iy, int64_t ix,
           uint8_t* y) {
  const ConvParams& c = p.conv;
  const TapRange ky = taps_inside(iy, c.dh, c.h, c.kh), kx = taps_inside(ix, c.dw, c.w, c.kw);
  const QFinish f = finish_of(p);
  const I x_zero = set_int(p.x_zero);
  const uint8_t* block = static_cast<const uint8_t*>(packed);
  for (int64_t at = 0; at < c.c; at += width, block += width * (8 + 2 * c.taps)) {
    const int32_t* bias = reinterpret_cast<const int32_t*>(block);
    const int16_t* w = reinterpret_cast<const int16_t*>(bias + 2 * width);
    const int64_t n = c.c - at;
    I sum = load_ints(bias);
    for (int64_t i = ky.begin; i < ky.end; ++i) {
      const X* row = x + (iy + i * c.dh) * c.w * c.x_row + at;
      for (int64_t j = kx.begin; j < kx.end; ++j) {
        const I v = sub_ints(channels(row + (ix + j * c.dw) * c.x_row, n), x_zero);
        sum = dot(sum, v, load_lower_words(w + (i * c.kw + j) * width));
      }
    }
    const float* scale = reinterpret_cast<const float*>(bias + width);
    const I bytes = requantised(sum, scale, f.zero, f.lowest, f.highest);
    if (n >= width) {
      store_bytes(y + at, bytes);
    } else {
      uint8_t last[width];
      store_bytes(last, bytes);
      for (int64_t i = 0; i < n; ++i) y[at + i] = last[i];
    }
  }
}

template <class X>
void rows(const QConvParams& p, const RunArgs& args) {
  const ConvParams& c = p.conv;
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const int64_t n = unit / c.oh, oy = unit % c.oh;
    const X* x = static_cast<const X*>(args.in[0]) + n * c.h * c.w * c.x_row;
    uint8_t* y = static_cast<uint8_t*>(args.out[0]) + unit * c.ow * c.y_row;
    for (int64_t ox = 0; ox < c.ow; ++ox, y += c.y_row) {
      pixel<X>(p, x, args.in[1], oy * c.sh - c.pt, ox * c.sw - c.pl, y);
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
