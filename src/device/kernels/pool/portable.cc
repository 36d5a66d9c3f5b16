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
    const PoolUnit u = pool_unit(p, unit);
    const float* x = static_cast<const float*>(args.in[0]) + u.x;
    float* y = static_cast<float*>(args.out[0]) + u.y;
    for (int64_t ox = 0; ox < p.ow; ++ox, y += p.y_row) {
      PoolWindow at = pool_window(p, u.oy, ox);
      for (int64_t c = 0; c < u.channels; c += lanes) {
        int width = u.channels - c < lanes ? static_cast<int>(u.channels - c) : lanes;
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
