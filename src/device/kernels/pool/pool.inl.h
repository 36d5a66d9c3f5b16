// Pooling over the vectors of one ISA, of f32 and of 16-bit floats. Included after
// simd/halves_<isa>.h.
#pragma once

#include "device/kernels/pool/params.h"

namespace hone::kernels::HONE_ISA {
namespace {

template <bool average>
HONE_INLINE V merge(V a, V b) {
  return average ? add(a, b) : max(a, b);
}

// `count` vectors of channels of one window. Sums are taken row by row and then added, so that
// their error grows with h + w and not with h * w.
template <bool average, int count, class T>
HONE_INLINE void pool_vectors(const PoolParams& p, const PoolWindow& at, const T* x, T* y,
                              Mask last) {
  const V start = average ? zero() : set1(-__builtin_inff());
  V total[count];
  for (int i = 0; i < count; ++i) total[i] = start;
  for (int64_t ky = at.ky.begin; ky < at.ky.end; ++ky) {
    V row[count];
    for (int i = 0; i < count; ++i) row[i] = start;
    const T* pixel = x + ((at.iy + ky * p.dh) * p.w + at.ix) * p.x_row;
    for (int64_t kx = at.kx.begin; kx < at.kx.end; ++kx) {
      const T* v = pixel + kx * p.dw * p.x_row;
      for (int i = 0; i < count - 1; ++i) row[i] = merge<average>(row[i], load(v + i * width));
      row[count - 1] = merge<average>(row[count - 1], load(v + (count - 1) * width, last));
    }
    for (int i = 0; i < count; ++i) total[i] = merge<average>(total[i], row[i]);
  }
  if (average) {
    V divisor = set1(at.divisor);
    for (int i = 0; i < count; ++i) total[i] = div(total[i], divisor);
  }
  for (int i = 0; i < count - 1; ++i) store(y + i * width, total[i]);
  store(y + (count - 1) * width, total[count - 1], last);
}

template <bool average, class T>
void pool_pixel(const PoolParams& p, const PoolWindow& at, const T* x, T* y, int64_t channels) {
  int64_t c = 0;
  for (; c + 4 * width <= channels; c += 4 * width) {
    pool_vectors<average, 4>(p, at, x + c, y + c, first_lanes(width));
  }
  for (; c < channels; c += width) {
    Mask last = first_lanes(channels - c < width ? channels - c : width);
    pool_vectors<average, 1>(p, at, x + c, y + c, last);
  }
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
      if (p.average) {
        pool_pixel<true>(p, at, x, y, u.channels);
      } else {
        pool_pixel<false>(p, at, x, y, u.channels);
      }
    }
  }
}

}  // namespace

void pool_f32_run(const RunArgs& args) { run_pool<float>(args); }
void pool_16bit_run(const RunArgs& args) {
  const PoolParams& p = *static_cast<const PoolParams*>(args.params);
  p.type == DType::bf16 ? run_pool<Bf16>(args) : run_pool<F16>(args);
}

}  // namespace hone::kernels::HONE_ISA
