// qpool over vectors of floats, in which sums of bytes are exact. Included after
// simd/bytes_<isa>.h.
#pragma once

#include "device/kernels/qpool/qpool_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

template <class T>
constexpr float lowest = T(-1) < T(0) ? -128.0f : 0.0f;

// n <= width channels of one window.
template <class T, bool average, bool whole>
HONE_INLINE void pool_channels(const QPoolParams& q, const PoolWindow& at, const T* x, int64_t n,
                               T* y) {
  const PoolParams& p = q.pool;
  V total = average ? zero() : set1(lowest<T>);
  T part[width] = {};
  for (int64_t ky = at.ky.begin; ky < at.ky.end; ++ky) {
    const T* pixel = x + ((at.iy + ky * p.dh) * p.w + at.ix) * p.x_row;
    for (int64_t kx = at.kx.begin; kx < at.kx.end; ++kx) {
      const T* from = pixel + kx * p.dw * p.x_row;
      if (!whole) {
        for (int64_t i = 0; i < n; ++i) part[i] = from[i];
      }
      const V v = load_bytes(whole ? from : part);
      total = average ? add(total, v) : max(total, v);
    }
  }
  if (average) {
    const int64_t inside = (at.ky.end - at.ky.begin) * (at.kx.end - at.kx.begin);
    total = sub(total, set1(static_cast<float>(inside * q.x_zero)));
    total = mul(div(total, set1(at.divisor)), set1(q.ratio));
    total = add(round(total), set1(static_cast<float>(q.y_zero)));
    total = min(max(total, set1(lowest<T>)), set1(lowest<T> + 255));
  }
  store_bytes(whole ? y : part, total);
  if (!whole) {
    for (int64_t i = 0; i < n; ++i) y[i] = part[i];
  }
}

// The largest bytes of one window, c >= B's width channels: the last block overlaps.
template <class B, class T>
HONE_INLINE void most_bytes(const PoolParams& p, const PoolWindow& at, const T* x, int64_t c,
                            T* y) {
  const int64_t rows = at.ky.end - at.ky.begin, columns = at.kx.end - at.kx.begin;
  const int64_t right = p.dw * p.x_row, down = p.dh * p.w * p.x_row;
  x += ((at.iy + at.ky.begin * p.dh) * p.w + at.ix + at.kx.begin * p.dw) * p.x_row;
  for (int64_t i = 0;; i = i + 2 * B::width > c ? c - B::width : i + B::width) {
    B most = load_bytes(x + i, B());
    for (int64_t ky = 0; ky < rows; ++ky) {
      const T* from = x + i + ky * down;
      for (int64_t kx = 0; kx < columns; ++kx, from += right) {
        most = larger(most, load_bytes(from, B()), T());
      }
    }
    store_bytes(y + i, most);
    if (i + B::width == c) return;
  }
}

template <class B, class T>
void run_most(const RunArgs& args, const PoolParams& p) {
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const PoolUnit u = pool_unit(p, unit);
    const T* x = static_cast<const T*>(args.in[0]) + u.x;
    T* y = static_cast<T*>(args.out[0]) + u.y;
    for (int64_t ox = 0; ox < p.ow; ++ox, y += p.y_row) {
      most_bytes<B>(p, pool_window(p, u.oy, ox), x, u.channels, y);
    }
  }
}

template <class T, bool average>
void run(const RunArgs& args, const QPoolParams& q) {
  const PoolParams& p = q.pool;
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const PoolUnit u = pool_unit(p, unit);
    const T* x = static_cast<const T*>(args.in[0]) + u.x;
    T* y = static_cast<T*>(args.out[0]) + u.y;
    for (int64_t ox = 0; ox < p.ow; ++ox, y += p.y_row) {
      const PoolWindow at = pool_window(p, u.oy, ox);
      int64_t c = 0;
      for (; c + width <= u.channels; c += width) {
        pool_channels<T, average, true>(q, at, x + c, width, y + c);
      }
      if (c < u.channels) pool_channels<T, average, false>(q, at, x + c, u.channels - c, y + c);
    }
  }
}

}  // namespace

void qpool_run(const RunArgs& args) {
  const auto& q = *static_cast<const QPoolParams*>(args.params);
  const bool u8 = q.type == DType::u8;
  if (q.pool.average) return u8 ? run<uint8_t, true>(args, q) : run<int8_t, true>(args, q);
  if (args.begin >= args.end) return;  // there may be no channels
  const PoolParams& p = q.pool;
  const int64_t fewest =
      p.c % p.channels_per_unit ? p.c % p.channels_per_unit : p.channels_per_unit;
  if (fewest >= WidestBytes::width) {
    return u8 ? run_most<WidestBytes, uint8_t>(args, p) : run_most<WidestBytes, int8_t>(args, p);
  }
  if (fewest >= Bytes16::width) {
    return u8 ? run_most<Bytes16, uint8_t>(args, p) : run_most<Bytes16, int8_t>(args, p);
  }
  u8 ? run<uint8_t, false>(args, q) : run<int8_t, false>(args, q);
}

}  // namespace hone::kernels::HONE_ISA
