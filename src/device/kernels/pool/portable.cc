// Portable pooling: channels innermost in fixed lanes.
#include "common/tensor/half.h"
#include "device/kernels/pool/params.h"
#include "device/kernels/simd/halves.h"

namespace hone::kernels {
namespace {

constexpr int lanes = 8;

template <bool average>
float merge(float a, float b) {
  return average ? a + b : a > b ? a : b;
}

float number(const float* p) { return *p; }
void set_number(float* p, float v) { *p = v; }
float number(const Bf16* p) { return bf16_to_f32(p->bits); }
void set_number(Bf16* p, float v) { p->bits = f32_to_bf16(v); }
float number(const F16* p) { return f16_to_f32(p->bits); }
void set_number(F16* p, float v) { p->bits = f32_to_f16(v); }

// Sums are taken row by row and then added, so that their error grows with h + w and not h * w.
template <bool average, class T>
void pool_lanes(const PoolParams& p, const PoolWindow& at, const T* x, int n, T* y) {
  float total[lanes];
  for (int l = 0; l < lanes; ++l) total[l] = average ? 0.0f : -__builtin_inff();
  for (int64_t ky = at.ky.begin; ky < at.ky.end; ++ky) {
    float row[lanes];
    for (int l = 0; l < lanes; ++l) row[l] = average ? 0.0f : -__builtin_inff();
    const T* pixel = x + (at.iy + ky * p.dh) * p.w * p.x_row;
    for (int64_t kx = at.kx.begin; kx < at.kx.end; ++kx) {
      const T* v = pixel + (at.ix + kx * p.dw) * p.x_row;
      if (n == lanes) {
        for (int l = 0; l < lanes; ++l) row[l] = merge<average>(row[l], number(v + l));
      } else {
        for (int l = 0; l < n; ++l) row[l] = merge<average>(row[l], number(v + l));
      }
    }
    for (int l = 0; l < lanes; ++l) total[l] = merge<average>(total[l], row[l]);
  }
  for (int l = 0; l < n; ++l) set_number(y + l, average ? total[l] / at.divisor : total[l]);
}

template <class T>
void run_pool(const RunArgs& args) {
  const PoolParams& p = *static_cast<const PoolParams*>(args.params);
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const PoolUnit u = pool_unit(p, unit);
    const T* x = static_cast<const T*>(args.in[0]) + u.x;
    T* y = static_cast<T*>(args.out[0]) + u.y;
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

}  // namespace

void pool_f32_portable_run(const RunArgs& args) { run_pool<float>(args); }
void pool_16bit_portable_run(const RunArgs& args) {
  const PoolParams& p = *static_cast<const PoolParams*>(args.params);
  p.type == DType::bf16 ? run_pool<Bf16>(args) : run_pool<F16>(args);
}

}  // namespace hone::kernels
