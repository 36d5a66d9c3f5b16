// Portable conv: raw weights, plain loops with the innermost over a fixed number of lanes, which
// compilers turn into whatever vectors the machine has.
#include "device/kernels/conv/params.h"
#include "device/kernels/simd/scalar_act.h"

namespace hone::kernels {
namespace {

constexpr int lanes = 8;    // partial sums of one dot product
constexpr int outputs = 4;  // dot products over the same x at a time

// sums[j] += x . w[j] for `outputs` rows of w, `w_stride` elements apart.
void dot_rows(const float* x, const float* w, int64_t w_stride, int64_t n,
              float (*sums)[lanes]) {
  int64_t k = 0;
  for (; k + lanes <= n; k += lanes) {
    for (int j = 0; j < outputs; ++j) {
      const float* row = w + j * w_stride + k;
      for (int l = 0; l < lanes; ++l) sums[j][l] += x[k + l] * row[l];
    }
  }
  for (; k < n; ++k) {
    for (int j = 0; j < outputs; ++j) sums[j][0] += x[k] * w[j * w_stride + k];
  }
}

struct Range {
  int64_t begin, end;
};
// Kernel positions k with 0 <= start + k * dilation < size.
Range inside(int64_t start, int64_t dilation, int64_t size, int64_t kernel) {
  int64_t begin = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
  int64_t end = start >= size ? 0 : (size - start + dilation - 1) / dilation;
  if (end > kernel) end = kernel;
  return {begin, end < begin ? begin : end};
}

float finish(const ConvParams& p, float sum, const float* residual) {
  if (!residual) return scalar_act(p.act, p.act_a, p.act_b, sum);
  if (p.residual_after_act) return scalar_act(p.act, p.act_a, p.act_b, sum) + *residual;
  return scalar_act(p.act, p.act_a, p.act_b, sum + *residual);
}

struct Pixel {
  const float* x;  // first channel of the picture
  float* y;
  const float* residual;  // nullptr: none
  Range ky, kx;
  int64_t iy, ix;  // of the window's first position
};

// Output channels [o, o + outputs) of one pixel; o and the last one lie in one group.
void conv_outputs(const ConvParams& p, const Pixel& at, const float* w, const float* bias,
                  int64_t o) {
  float sums[outputs][lanes] = {};
  int64_t w_stride = p.taps * p.cg, group = o / p.og;
  for (int64_t ky = at.ky.begin; ky < at.ky.end; ++ky) {
    for (int64_t kx = at.kx.begin; kx < at.kx.end; ++kx) {
      const float* x = at.x + ((at.iy + ky * p.dh) * p.w + at.ix + kx * p.dw) * p.x_row;
      dot_rows(x + group * p.cg, w + o * w_stride + (ky * p.kw + kx) * p.cg, w_stride, p.cg, sums);
    }
  }
  for (int j = 0; j < outputs; ++j) {
    float sum = bias ? bias[o + j] : 0.0f;
    for (int l = 0; l < lanes; ++l) sum += sums[j][l];
    at.y[o + j] = finish(p, sum, at.residual ? at.residual + o + j : nullptr);
  }
}

// One output channel: what is left of a group.
void conv_output(const ConvParams& p, const Pixel& at, const float* w, const float* bias,
                 int64_t o) {
  float sum = bias ? bias[o] : 0.0f;
  const float* x = at.x + o / p.og * p.cg;
  w += o * p.taps * p.cg;
  for (int64_t ky = at.ky.begin; ky < at.ky.end; ++ky) {
    for (int64_t kx = at.kx.begin; kx < at.kx.end; ++kx) {
      const float* pixel = x + ((at.iy + ky * p.dh) * p.w + at.ix + kx * p.dw) * p.x_row;
      const float* tap = w + (ky * p.kw + kx) * p.cg;
      for (int64_t c = 0; c < p.cg; ++c) sum += pixel[c] * tap[c];
    }
  }
  at.y[o] = finish(p, sum, at.residual ? at.residual + o : nullptr);
}

// The windows of output pixel (n, oy, ox) and where its operands lie.
Pixel pixel_at(const ConvParams& p, const RunArgs& args, int64_t row, int64_t ox) {
  int64_t n = row / p.oh, oy = row % p.oh, m = row * p.ow + ox;
  Pixel at;
  at.x = static_cast<const float*>(args.in[0]) + n * p.h * p.w * p.x_row;
  at.y = static_cast<float*>(args.out[0]) + m * p.y_row;
  at.residual = p.r_row ? static_cast<const float*>(args.in[3]) + m * p.r_row : nullptr;
  at.iy = oy * p.sh - p.pt, at.ix = ox * p.sw - p.pl;
  at.ky = inside(at.iy, p.dh, p.h, p.kh), at.kx = inside(at.ix, p.dw, p.w, p.kw);
  return at;
}

// One output pixel of a depthwise convolution; w is [taps, C].
void conv_dw_pixel(const ConvParams& p, const Pixel& at, const float* w, const float* bias) {
  for (int64_t c0 = 0; c0 < p.c; c0 += lanes) {
    int n = p.c - c0 < lanes ? static_cast<int>(p.c - c0) : lanes;
    float sum[lanes] = {};
    for (int l = 0; l < n; ++l) sum[l] = bias ? bias[c0 + l] : 0.0f;
    for (int64_t ky = at.ky.begin; ky < at.ky.end; ++ky) {
      for (int64_t kx = at.kx.begin; kx < at.kx.end; ++kx) {
        const float* x = at.x + ((at.iy + ky * p.dh) * p.w + at.ix + kx * p.dw) * p.x_row + c0;
        const float* tap = w + (ky * p.kw + kx) * p.c + c0;
        if (n == lanes) {
          for (int l = 0; l < lanes; ++l) sum[l] += x[l] * tap[l];
        } else {
          for (int l = 0; l < n; ++l) sum[l] += x[l] * tap[l];
        }
      }
    }
    for (int l = 0; l < n; ++l) {
      at.y[c0 + l] = finish(p, sum[l], at.residual ? at.residual + c0 + l : nullptr);
    }
  }
}

}  // namespace

// A unit is one row of output pixels.
void conv_f32_portable_run(const RunArgs& args) {
  const ConvParams& p = *static_cast<const ConvParams*>(args.params);
  const float* w = static_cast<const float*>(args.in[1]);
  const float* bias = p.bias ? static_cast<const float*>(args.in[2]) : nullptr;
  for (int64_t row = args.begin; row < args.end; ++row) {
    for (int64_t ox = 0; ox < p.ow; ++ox) {
      Pixel at = pixel_at(p, args, row, ox);
      for (int64_t o = 0; o < p.o;) {
        if (p.og - o % p.og >= outputs) {
          conv_outputs(p, at, w, bias, o);
          o += outputs;
        } else {
          conv_output(p, at, w, bias, o++);
        }
      }
    }
  }
}

// Phase 0 (one unit) transposes the weights into the workspace, [taps, C]; in phase 1 a unit is one
// row of output pixels.
void conv_dw_f32_portable_run(const RunArgs& args) {
  const ConvParams& p = *static_cast<const ConvParams*>(args.params);
  float* transposed = static_cast<float*>(args.workspace);
  if (args.phase == 0) {
    const float* w = static_cast<const float*>(args.in[1]);
    for (int64_t c = 0; c < p.c; ++c) {
      for (int64_t t = 0; t < p.taps; ++t) transposed[t * p.c + c] = w[c * p.taps + t];
    }
    return;
  }
  const float* bias = p.bias ? static_cast<const float*>(args.in[2]) : nullptr;
  for (int64_t row = args.begin; row < args.end; ++row) {
    for (int64_t ox = 0; ox < p.ow; ++ox) {
      conv_dw_pixel(p, pixel_at(p, args, row, ox), transposed, bias);
    }
  }
}

}  // namespace hone::kernels
