// What pool's bind checks and its run functions read.
#pragma once

#include "device/kernels/chunks.h"
#include "device/kernels/pool/pool.h"

namespace hone::kernels {

struct PoolParams {
  int64_t batch, h, w, c, oh, ow;
  int64_t x_row, y_row;  // elements from one pixel to the next
  int64_t kh, kw, sh, sw, dh, dw, pt, pl;
  int64_t padded_h, padded_w;  // h + pad_b, w + pad_r: where the padded picture ends
  int64_t channels_per_unit, channel_units;
  bool average, count_include_pad;
  DType type;  // of x and y, where not all kernels take but one
};
static_assert(sizeof(PoolParams) <= max_params_bytes);

// Positions k in [0, kernel) with 0 <= start + k * dilation < size.
static inline Span64 window_inside(int64_t start, int64_t dilation, int64_t size, int64_t kernel) {
  // A division for each window is as long as the window where there is little else to do.
  const auto steps = [&](int64_t n) { return dilation == 1 ? n : (n + dilation - 1) / dilation; };
  const int64_t begin = start >= 0 ? 0 : steps(-start);
  int64_t end = start >= size ? 0 : steps(size - start);
  if (end > kernel) end = kernel;
  return {begin, end < begin ? begin : end};
}

// A unit is row `oy` of the pixels of one result times the `channels` from `first` on. Its picture
// and its row begin `x` and `y` elements into the operands.
struct PoolUnit {
  int64_t oy, first, channels, x, y;
};
static inline PoolUnit pool_unit(const PoolParams& p, int64_t unit) {
  const int64_t row = unit / p.channel_units, first = unit % p.channel_units * p.channels_per_unit;
  const int64_t left = p.c - first;
  return {row % p.oh, first, left < p.channels_per_unit ? left : p.channels_per_unit,
          row / p.oh * p.h * p.w * p.x_row + first, row * p.ow * p.y_row + first};
}

// One window: where it starts, what of it is inside, what to divide by.
struct PoolWindow {
  int64_t iy, ix;
  Span64 ky, kx;
  float divisor;
};
static inline PoolWindow pool_window(const PoolParams& p, int64_t oy, int64_t ox) {
  PoolWindow w;
  w.iy = oy * p.sh - p.pt, w.ix = ox * p.sw - p.pl;
  w.ky = window_inside(w.iy, p.dh, p.h, p.kh), w.kx = window_inside(w.ix, p.dw, p.w, p.kw);
  int64_t count = (w.ky.end - w.ky.begin) * (w.kx.end - w.kx.begin);
  if (p.count_include_pad) {
    // Padding before the picture always counts: no window starts before it.
    count = window_inside(w.iy + p.pt, p.dh, p.padded_h + p.pt, p.kh).end *
            window_inside(w.ix + p.pl, p.dw, p.padded_w + p.pl, p.kw).end;
  }
  w.divisor = count > 0 ? static_cast<float>(count) : 1.0f;
  return w;
}

// Checks attributes and sizes (of 4 dimensions), writes all of params but the rows, and the work.
// nullptr, or the reason for refusing.
const char* check_pool(const PoolAttrs& attrs, const Shape& x, const Shape& y, PoolParams* p,
                       Work* work);

void pool_f32_portable_run(const RunArgs& args);
void pool_16bit_portable_run(const RunArgs& args);
#if defined(__x86_64__)
namespace avx2 {
void pool_f32_run(const RunArgs& args);
void pool_16bit_run(const RunArgs& args);
}  // namespace avx2
namespace avx512 {
void pool_f32_run(const RunArgs& args);
void pool_16bit_run(const RunArgs& args);
}  // namespace avx512
#endif
namespace neon {
void pool_f32_run(const RunArgs& args);
void pool_16bit_run(const RunArgs& args);
}  // namespace neon

}  // namespace hone::kernels
