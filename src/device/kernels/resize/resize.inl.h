// resize for vectors of floats. Included after simd/<isa>.h.
#pragma once

#include "device/kernels/resize/resize_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

#include "device/kernels/resize/rows.inl.h"

HONE_INLINE Mask lanes(int64_t left) { return first_lanes(left < width ? left : width); }

// y[0 .. n) = sum over k of weight[k stride] x[index[k stride] row ...]; fixed: the number of taps
// where it is known.
template <int fixed>
void combine(const float* x, int64_t row, const int32_t* index, const float* weight, int64_t taps,
             int64_t stride, float* y) {
  const int64_t count = fixed != 0 ? fixed : taps;
  int64_t i = 0;
  for (; i + 2 * width <= row; i += 2 * width) {
    const float* from = x + index[0] * row + i;
    V w = set1(weight[0]), a = mul(w, load(from)), b = mul(w, load(from + width));
    for (int64_t k = 1; k < count; ++k) {
      from = x + index[k * stride] * row + i;
      w = set1(weight[k * stride]);
      a = fma(w, load(from), a);
      b = fma(w, load(from + width), b);
    }
    store(y + i, a);
    store(y + i + width, b);
  }
  for (; i < row; i += width) {
    const Mask mask = lanes(row - i);
    V a = mul(set1(weight[0]), load(x + index[0] * row + i, mask));
    for (int64_t k = 1; k < count; ++k) {
      a = fma(set1(weight[k * stride]), load(x + index[k * stride] * row + i, mask), a);
    }
    store(y + i, a, mask);
  }
}

struct VectorLoops {
  static void fill(float* y, int64_t n, float v) {
    for (int64_t i = 0; i < n; i += width) store(y + i, set1(v), lanes(n - i));
  }
  static void copy(const float* x, float* y, int64_t n) {
    int64_t i = 0;
    for (; i + 4 * width <= n; i += 4 * width) {
      for (int j = 0; j < 4; ++j) store(y + i + j * width, load(x + i + j * width));
    }
    for (; i < n; i += width) store(y + i, load(x + i, lanes(n - i)), lanes(n - i));
  }
  static void pick(const float* x, const int32_t* index, int64_t count, int64_t inner,
                   float outside, float* y) {
    if (inner == 1) {
      for (int64_t o = 0; o < count; o += width) {
        const Mask mask = lanes(count - o);
        store(y + o, gather(x, index + o, mask, outside), mask);
      }
      return;
    }
    for (int64_t o = 0; o < count; ++o, y += inner) {
      if (index[o] < 0) {
        fill(y, inner, outside);
      } else {
        copy(x + index[o] * inner, y, inner);
      }
    }
  }
  static void combine_rows(const float* x, int64_t row, const int32_t* index, const float* weight,
                           int64_t taps, int64_t stride, float* y) {
    switch (taps) {
      case 2: return combine<2>(x, row, index, weight, taps, stride, y);
      case 4: return combine<4>(x, row, index, weight, taps, stride, y);
      default: return combine<0>(x, row, index, weight, taps, stride, y);
    }
  }
  static void combine_pixels(const float* x, ResizeTaps t, int64_t taps, int64_t count,
                             int64_t inner, float outside, float* y) {
    if (inner == 1) return combine_singles(x, t, taps, count, outside, y);
    for (int64_t o = 0; o < count; ++o, y += inner) {
      if (t.index[o] < 0) {
        fill(y, inner, outside);
      } else {
        combine_rows(x, inner, t.index + o, t.weight + o, taps, count, y);
      }
    }
  }

 private:
  // Output positions side by side: their taps are gathered.
  static void combine_singles(const float* x, ResizeTaps t, int64_t taps, int64_t count,
                              float outside, float* y) {
    for (int64_t o = 0; o < count; o += width) {
      const Mask mask = lanes(count - o);
      V sum = mul(load(t.weight + o, mask), gather(x, t.index + o, mask, 0));
      for (int64_t k = 1; k < taps; ++k) {
        const int64_t at = k * count + o;
        sum = fma(load(t.weight + at, mask), gather(x, t.index + at, mask, 0), sum);
      }
      store(y + o, sum, mask);
    }
    if (outside == 0) return;  // what is gathered at -1 is 0
    for (int64_t o = 0; o < count; ++o) {
      if (t.index[o] < 0) y[o] = outside;
    }
  }
};

}  // namespace

void resize_f32(const RunArgs& args) {
  auto& p = *static_cast<const ResizeParams*>(args.params);
  if (args.phase == 0) return resize_make_taps(args, p);
  Rows<float, VectorLoops> rows(args, p);
  p.mode == ResizeMode::nearest ? rows.nearest(p.extrapolation) : rows.interpolate(p.extrapolation);
}

}  // namespace hone::kernels::HONE_ISA
