// Portable hconv: raw weights, plain loops.
#include "device/kernels/hconv/params.h"
#include "device/kernels/hconv/scalar.h"

namespace hone::kernels {
namespace {

// The sum of output pixel (n, oy, ox), filter o.
float sum_of(const HConvParams& p, const void* x, const void* w, int64_t n, int64_t oy, int64_t ox,
             int64_t o) {
  const ConvParams& c = p.conv;
  float sum = 0;
  for (int64_t ky = 0; ky < c.kh; ++ky) {
    const int64_t iy = oy * c.sh - c.pt + ky * c.dh;
    if (iy < 0 || iy >= c.h) continue;
    for (int64_t kx = 0; kx < c.kw; ++kx) {
      const int64_t ix = ox * c.sw - c.pl + kx * c.dw;
      if (ix < 0 || ix >= c.w) continue;
      const int64_t pixel = ((n * c.h + iy) * c.w + ix) * c.x_row + o / c.og * c.cg;
      const int64_t tap = (o * c.taps + ky * c.kw + kx) * c.cg;
      for (int64_t i = 0; i < c.cg; ++i) {
        sum += number_at(p.type, x, pixel + i) * number_at(p.type, w, tap + i);
      }
    }
  }
  return sum;
}

}  // namespace

// A unit is one output pixel.
void hconv_portable_run(const RunArgs& args) {
  const HConvParams& p = *static_cast<const HConvParams*>(args.params);
  const ConvParams& c = p.conv;
  const Epilogue e = make_epilogue(c.act, c.act_a, c.act_b, c.residual_after_act);
  const float* bias = c.bias ? static_cast<const float*>(args.in[2]) : nullptr;
  for (int64_t pixel = args.begin; pixel < args.end; ++pixel) {
    const int64_t ox = pixel % c.ow, oy = pixel / c.ow % c.oh, n = pixel / c.ow / c.oh;
    for (int64_t o = 0; o < c.o; ++o) {
      float sum = sum_of(p, args.in[0], args.in[1], n, oy, ox, o), r = 0;
      if (bias) sum += bias[o];
      if (c.r_row) r = number_at(p.y_type, args.in[3], pixel * c.r_row + o);
      set_number(p.y_type, args.out[0], pixel * c.y_row + o,
                 finished(e, sum, c.r_row ? &r : nullptr));
    }
  }
}

}  // namespace hone::kernels
