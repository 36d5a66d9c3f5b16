// Portable qconv: raw weights, plain loops.
#include <cmath>

#include "device/kernels/qconv/params.h"

namespace hone::kernels {
namespace {

// Where one output pixel's window lies.
struct Pixel {
  const void* x;  // the picture
  TapRange ky, kx;
  int64_t iy, ix;
};

// sum of (x - x_zero) (w - w_zero) over n channels: |products| < 2^16.
template <class X, class W>
uint32_t dot(const X* x, const W* w, int64_t n, int32_t x_zero, int32_t w_zero) {
  uint32_t sum = 0;  // unsigned: sums of hostile files wrap
  for (int64_t c = 0; c < n; ++c) {
    sum += static_cast<uint32_t>((int32_t{x[c]} - x_zero) * (int32_t{w[c]} - w_zero));
  }
  return sum;
}

// Channels whose products are summed in 32 bits before they go to 64.
constexpr int64_t run = 1 << 14;

template <class X, class W>
int64_t sum_of(const QConvParams& p, const RawWeights& raw, const Pixel& at, int64_t o) {
  const ConvParams& c = p.conv;
  const X* x = static_cast<const X*>(at.x) + o / c.og * c.cg;
  const W* w = static_cast<const W*>(raw.w) + o * c.taps * c.cg;
  const int32_t zero = raw.zero_of(o);
  int64_t sum = raw.bias_of(o);
  for (int64_t ky = at.ky.begin; ky < at.ky.end; ++ky) {
    for (int64_t kx = at.kx.begin; kx < at.kx.end; ++kx) {
      const X* pixel = x + ((at.iy + ky * c.dh) * c.w + at.ix + kx * c.dw) * c.x_row;
      const W* tap = w + (ky * c.kw + kx) * c.cg;
      for (int64_t i = 0; i < c.cg; i += run) {
        const int64_t n = c.cg - i < run ? c.cg - i : run;
        sum += static_cast<int32_t>(dot(pixel + i, tap + i, n, p.x_zero, zero));
      }
    }
  }
  return sum;
}

template <class X, class W>
void convolve(const QConvParams& p, float x_scale, const RunArgs& args) {
  const ConvParams& c = p.conv;
  const RawWeights raw = raw_weights(p, args.in);
  const QClamp f = clamp_of(p);
  for (int64_t pixel = args.begin; pixel < args.end; ++pixel) {
    const int64_t ox = pixel % c.ow, oy = pixel / c.ow % c.oh, n = pixel / c.ow / c.oh;
    Pixel at;
    at.x = static_cast<const X*>(args.in[0]) + n * c.h * c.w * c.x_row;
    at.iy = oy * c.sh - c.pt, at.ix = ox * c.sw - c.pl;
    at.ky = taps_inside(at.iy, c.dh, c.h, c.kh), at.kx = taps_inside(at.ix, c.dw, c.w, c.kw);
    for (int64_t o = 0; o < c.o; ++o) {
      const float sum = static_cast<float>(sum_of<X, W>(p, raw, at, o));
      const int64_t i = pixel * c.y_row + o;
      if (gives_floats(p)) {
        const float v = sum * (raw.scale_of(o) * x_scale);
        static_cast<float*>(args.out[0])[i] = p.dynamic ? v : v + raw.float_bias_of(o);
        continue;
      }
      float v = std::nearbyint(sum * raw.scale_of(o)) + f.zero;
      v = v > f.lowest ? v : f.lowest;  // NaN too
      v = v < f.highest ? v : f.highest;
      static_cast<uint8_t*>(args.out[0])[i] = static_cast<uint8_t>(static_cast<int32_t>(v));
    }
  }
}

}  // namespace

// A unit is one output pixel.
void qconv_portable_run(const RunArgs& args) {
  QConvParams p = *static_cast<const QConvParams*>(args.params);
  const float x_scale = read_dynamic(args, &p);
  const bool w_u8 = p.w_type == DType::u8;
  if (p.x_type == DType::u8) {
    return w_u8 ? convolve<uint8_t, uint8_t>(p, x_scale, args)
                : convolve<uint8_t, int8_t>(p, x_scale, args);
  }
  return w_u8 ? convolve<int8_t, uint8_t>(p, x_scale, args)
              : convolve<int8_t, int8_t>(p, x_scale, args);
}

}  // namespace hone::kernels
