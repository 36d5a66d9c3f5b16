// quantize to bytes for vectors of floats. Included after simd/bytes_<isa>.h.
#pragma once

#include "device/kernels/quantize/quantize_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

template <class T>
constexpr float lowest = T(-1) < T(0) ? -128.0f : 0.0f;

template <class T>
HONE_INLINE V quantized(V x, V scale, V zero_point) {
  V v = add(round(div(x, scale)), zero_point);
  return min(max(v, set1(lowest<T>)), set1(lowest<T> + 255));  // NaN becomes the lowest
}

// Scales and zero points of one run: one for all or one beside the other.
template <class T>
struct Scales {
  const float* scale;
  const T* zero_point;  // nullptr: 0
  int64_t step;
};

// Up to `width` elements from i on, by way of buffers.
template <class T>
void quantize_tail(const float* x, T* y, int64_t n, const Scales<T>& s, int64_t first) {
  float scale[width];
  T zeros[width], bytes[width];
  for (int64_t i = 0; i < width; ++i) {
    const int64_t at = (first + (i < n ? i : 0)) * s.step;
    scale[i] = s.scale[at];
    zeros[i] = s.zero_point ? s.zero_point[at] : T(0);
  }
  store_bytes(bytes, quantized<T>(load(x, first_lanes(n)), load(scale), load_bytes(zeros)));
  for (int64_t i = 0; i < n; ++i) y[i] = bytes[i];
}

template <class T>
void quantize_run(const float* x, T* y, int64_t n, const Scales<T>& s) {
  int64_t i = 0;
  if (s.step == 0) {
    const V scale = set1(*s.scale);
    const V zeros = set1(s.zero_point ? static_cast<float>(*s.zero_point) : 0.0f);
    for (; i + width <= n; i += width) {
      store_bytes(y + i, quantized<T>(load(x + i), scale, zeros));
    }
  } else {
    for (; i + width <= n; i += width) {
      const V zeros = s.zero_point ? load_bytes(s.zero_point + i) : zero();
      store_bytes(y + i, quantized<T>(load(x + i), load(s.scale + i), zeros));
    }
  }
  if (i < n) quantize_tail(x + i, y + i, n - i, s, i);
}

template <class T>
void quantize(const RunArgs& args, const QuantParams& p) {
  const float* x = static_cast<const float*>(args.in[0]);
  const float* scales = static_cast<const float*>(args.in[1]);
  const T* zeros = p.zero ? static_cast<const T*>(args.in[2]) : nullptr;
  T* y = static_cast<T*>(args.out[0]);
  const Span64 own = elements_of_units(args, p.total);
  quant_runs(p, own.begin, own.end, [&](int64_t at, int64_t n, int64_t scale, int64_t step) {
    quantize_run<T>(x + at, y + at, n, {scales + scale, zeros ? zeros + scale : nullptr, step});
  });
}

}  // namespace

void quantize_8bit(const RunArgs& args) {
  auto& p = *static_cast<const QuantParams*>(args.params);
  p.dtype == DType::u8 ? quantize<uint8_t>(args, p) : quantize<int8_t>(args, p);
}

}  // namespace hone::kernels::HONE_ISA
