// dequantize from bytes for vectors of floats. Included after simd/bytes_<isa>.h.
#pragma once

#include "device/kernels/dequantize/dequantize_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

// Scales and zero points of one run: one for all or one beside the other.
template <class T>
struct Scales {
  const float* scale;
  const T* zero_point;  // nullptr: 0
  int64_t step;
};

template <class T>
void dequantize_run(const T* x, float* y, int64_t n, const Scales<T>& s) {
  int64_t i = 0;
  if (s.step == 0) {
    const V scale = set1(*s.scale);
    const V zeros = set1(s.zero_point ? static_cast<float>(*s.zero_point) : 0.0f);
    for (; i + width <= n; i += width) {
      store(y + i, mul(sub(load_bytes(x + i), zeros), scale));
    }
  } else {
    for (; i + width <= n; i += width) {
      const V zeros = s.zero_point ? load_bytes(s.zero_point + i) : zero();
      store(y + i, mul(sub(load_bytes(x + i), zeros), load(s.scale + i)));
    }
  }
  for (; i < n; ++i) {
    const int64_t at = i * s.step;
    const int zero_point = s.zero_point ? s.zero_point[at] : 0;
    y[i] = static_cast<float>(x[i] - zero_point) * s.scale[at];
  }
}

template <class T>
void dequantize(const RunArgs& args, const QuantParams& p) {
  const T* x = static_cast<const T*>(args.in[0]);
  const float* scales = static_cast<const float*>(args.in[1]);
  const T* zeros = p.zero ? static_cast<const T*>(args.in[2]) : nullptr;
  float* y = static_cast<float*>(args.out[0]);
  const Span64 own = elements_of_units(args, p.total);
  quant_runs(p, own.begin, own.end, [&](int64_t at, int64_t n, int64_t scale, int64_t step) {
    dequantize_run<T>(x + at, y + at, n, {scales + scale, zeros ? zeros + scale : nullptr, step});
  });
}

}  // namespace

void dequantize_8bit(const RunArgs& args) {
  auto& p = *static_cast<const QuantParams*>(args.params);
  p.dtype == DType::u8 ? dequantize<uint8_t>(args, p) : dequantize<int8_t>(args, p);
}

}  // namespace hone::kernels::HONE_ISA
