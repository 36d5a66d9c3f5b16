// Portable pooling: channels innermost in fixed lanes.
#include "device/kernels/pool/params.h"

namespace hone::kernels {
namespace {

constexpr int lanes = 8;

template <bool average>
float merge(float a, float b) {
  return average ? a + b : a > b ? a : b;
}

// Sums are taken row by row and then added, so that their error grows with h + w and not h * w.
template <bool average>
void pool_lanes(const PoolParams& p, const PoolWindow& at, const float* x, int n, float* y) {
  float total[lanes];
  for (int l = 0; l < lanes; ++l) total[l] = average ? 0.0f : -__builtin_inff();
  for (int64_t ky = at.ky.begin; ky < at.ky.end; ++ky) {
    float row[lanes];
    for (int l = 0; l < lanes; ++l) row[l] = average ? 0.0f : -__builtin_inff();
    const float* pixel = x + (at.iy + ky * p.dh) * p.w * p.x_row;
    for (int64_t kx = at.kx.begin; kx < at.kx.end; ++kx) {
      const float* v = pixel + (at.ix + kx * p.dw) * p.x_row;
      if (n == lanes) {
        for (int l = 0; l < lanes; ++l) row[l] = merge<average>(row[l], v[l]);
      } else {
        for (int l = 0; l < n; ++l) row[l] = merge<average>(row[l], v[l]);
      }
    }
    for (int l = 0; l < lanes; ++l) total[l] = merge<average>(total[l], row[l]);
  }
  for (int l = 0; l < n; ++l) y[l] = average ? total[l] / at.divisor : total[l];
}

}  // namespace

void pool_f32_portable_run(const RunArgs& args) {
  const PoolParams& p = *static_cast<const PoolParams*>(args.params);
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    int64_t row = unit / p.channel_units, n = row / p.oh, oy = row % p.oh;
    int64_t c_begin = unit % p.channel_units * p.channels_per_unit;
    int64_t c_end = c_begin + p.channels_per_unit < p.c ? c_begin + p.channels_per_unit : p.c;
    const float* x = static_cast<const float*>(args.in[0]) + n * p.h * p.w * p.x_row;
    for (int64_t ox = 0; ox < p.ow; ++ox) {
      float* y = static_cast<float*>(args.out[0]) + (row * p.ow + ox) * p.y_row;
      PoolWindow at = pool_window(p, oy, ox);
      for (int64_t c = c_begin; c < c_end; c += lanes) {
        int width = c_end - c < lanes ? static_cast<int>(c_end - c) : lanes;
        if (p.average) {
          pool_lanes<true>(p, at, x + c, width, y + c);
        } else {
          pool_lanes<false>(p, at, x + c, width, y + c);
        }
      }
    }
  }
}

}  // namespace hone::kernels
