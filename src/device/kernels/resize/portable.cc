#include <cstring>

#include "device/kernels/check.h"
#include "device/kernels/resize/resize_impl.h"
#include "device/kernels/words.h"

namespace hone::kernels::portable {
namespace {

#include "device/kernels/resize/rows.inl.h"

template <class T>
struct Loops {
  static void fill(T* y, int64_t n, T v) {
    for (int64_t i = 0; i < n; ++i) y[i] = v;
  }
  static void copy(const T* x, T* y, int64_t n) {
    std::memcpy(y, x, static_cast<size_t>(n) * sizeof(T));
  }
  static void pick(const T* x, const int32_t* index, int64_t count, int64_t inner, T outside,
                   T* y) {
    for (int64_t o = 0; o < count; ++o, y += inner) {
      if (index[o] < 0) {
        fill(y, inner, outside);
      } else if (inner == 1) {
        *y = x[index[o]];
      } else {
        copy(x + index[o] * inner, y, inner);
      }
    }
  }
  static void combine_rows(const T* x, int64_t row, const int32_t* index, const float* weight,
                           int64_t taps, int64_t stride, T* y) {
    for (int64_t i = 0; i < row; ++i) y[i] = weight[0] * x[index[0] * row + i];
    for (int64_t k = 1; k < taps; ++k) {
      const T* from = x + index[k * stride] * row;
      const float w = weight[k * stride];
      for (int64_t i = 0; i < row; ++i) y[i] += w * from[i];
    }
  }
  static void combine_pixels(const T* x, ResizeTaps t, int64_t taps, int64_t count, int64_t inner,
                             T outside, T* y) {
    for (int64_t o = 0; o < count; ++o, y += inner) {
      if (t.index[o] < 0) {
        fill(y, inner, outside);
      } else {
        combine_rows(x, inner, t.index + o, t.weight + o, taps, count, y);
      }
    }
  }
};

// The bytes of the extrapolated value, which nearest only moves: 0 for types other than f32 (bind
// sees to it).
template <class T>
T outside_of(const ResizeParams& p) {
  T v{};
  if (sizeof(T) == 4) std::memcpy(&v, &p.extrapolation, 4);
  return v;
}

}  // namespace

void resize_any(const RunArgs& args) {
  auto& p = *static_cast<const ResizeParams*>(args.params);
  if (args.phase == 0) return resize_make_taps(args, p);
  if (p.mode != ResizeMode::nearest) {
    return Rows<float, Loops<float>>(args, p).interpolate(p.extrapolation);
  }
  with_word(p.bytes, [&](auto word) {
    using T = decltype(word);
    Rows<T, Loops<T>>(args, p).nearest(outside_of<T>(p));
  });
}

}  // namespace hone::kernels::portable
