#include <cmath>

#include "device/kernels/qpool/qpool_impl.h"

namespace hone::kernels::portable {
namespace {

template <class T>
void pool_pixel(const QPoolParams& q, const PoolWindow& at, const T* x, int64_t channels, T* y) {
  const PoolParams& p = q.pool;
  constexpr float lowest = T(-1) < T(0) ? -128.0f : 0.0f, highest = lowest + 255;
  const int64_t inside = (at.ky.end - at.ky.begin) * (at.kx.end - at.kx.begin);
  for (int64_t c = 0; c < channels; ++c) {
    int64_t sum = -inside * q.x_zero;
    T most = static_cast<T>(lowest);
    for (int64_t ky = at.ky.begin; ky < at.ky.end; ++ky) {
      const T* pixel = x + ((at.iy + ky * p.dh) * p.w + at.ix) * p.x_row + c;
      for (int64_t kx = at.kx.begin; kx < at.kx.end; ++kx) {
        const T v = pixel[kx * p.dw * p.x_row];
        sum += v;
        most = v > most ? v : most;
      }
    }
    if (!p.average) {
      y[c] = most;
      continue;
    }
    const float mean = static_cast<float>(sum) / at.divisor;
    float v = std::nearbyint(mean * q.ratio) + static_cast<float>(q.y_zero);
    v = v > lowest ? v : lowest;
    y[c] = static_cast<T>(v < highest ? v : highest);
  }
}

template <class T>
void run(const RunArgs& args, const QPoolParams& q) {
  const PoolParams& p = q.pool;
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const PoolUnit u = pool_unit(p, unit);
    const T* x = static_cast<const T*>(args.in[0]) + u.x;
    T* y = static_cast<T*>(args.out[0]) + u.y;
    for (int64_t ox = 0; ox < p.ow; ++ox, y += p.y_row) {
      pool_pixel<T>(q, pool_window(p, u.oy, ox), x, u.channels, y);
    }
  }
}

}  // namespace

void qpool_run(const RunArgs& args) {
  const auto& q = *static_cast<const QPoolParams*>(args.params);
  q.type == DType::u8 ? run<uint8_t>(args, q) : run<int8_t>(args, q);
}

}  // namespace hone::kernels::portable
