#include <cmath>
#include <limits>

#include "device/kernels/check.h"
#include "device/kernels/quantize/lane_runs.h"
#include "device/kernels/quantize/quantize_impl.h"

namespace hone::kernels::portable {
namespace {

template <class T>
void quantize(const RunArgs& args, const QuantParams& p) {
  const float *x = static_cast<const float*>(args.in[0]),
              *scales = static_cast<const float*>(args.in[1]);
  const T* zeros = p.zero ? static_cast<const T*>(args.in[2]) : nullptr;
  T* y = static_cast<T*>(args.out[0]);
  constexpr float lowest = std::numeric_limits<T>::min(), highest = std::numeric_limits<T>::max();
  const Span64 own = elements_of_units(args, p.total);
  quant_runs(p, own.begin, own.end, [&](int64_t at, int64_t n, int64_t scale, int64_t step) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t s = scale + i * step;
      float v = std::nearbyint(x[at + i] / scales[s]);
      if (zeros) v += static_cast<float>(zeros[s]);
      v = v > lowest ? v : lowest;  // NaN too
      y[at + i] = static_cast<T>(v < highest ? v : highest);
    }
  });
}

// Quotients of two floats, rounded to double and then to their own type, are rounded as if once.
void quantize_lanes(const QuantParams& p, double* x, int64_t n, const double* scale,
                    const double* zero, int64_t step) {
  for (int64_t i = 0; i < n; ++i) x[i] /= scale[i * step];
  if (p.precision != DType::f64) {
    alignas(8) uint8_t rounded[lane_block * 8];
    store_lanes(p.precision, x, n, rounded, 0);
    load_lanes(p.precision, rounded, 0, n, x);
  }
  const int width = bits(p.dtype);
  const bool whole = is_integer(p.dtype);
  const bool negative =
      p.dtype == DType::i16 || p.dtype == DType::i8 || p.dtype == DType::i4 || p.dtype == DType::i2;
  const double lowest = negative ? -static_cast<double>(1 << (width - 1)) : 0;
  const double highest = lowest + static_cast<double>((1 << width) - 1);
  for (int64_t i = 0; i < n; ++i) {
    double v = (whole ? std::nearbyint(x[i]) : x[i]) + zero[i * step];
    if (whole) v = !(v > lowest) ? lowest : v < highest ? v : highest;  // NaN too
    x[i] = v;
  }
}

void quantize_any_lanes(const RunArgs& args, const QuantParams& p) {
  quant_lanes(args, p,
              [&](int64_t at, int64_t n, const double* scale, const double* zero, int64_t step) {
                double x[lane_block];
                load_lanes(p.real, args.in[0], at, n, x);
                quantize_lanes(p, x, n, scale, zero, step);
                store_lanes(p.dtype, x, n, args.out[0], at, p.rules);
              });
}

}  // namespace

void quantize_any(const RunArgs& args) {
  auto& p = *static_cast<const QuantParams*>(args.params);
  if (!is_all_f32(p)) return quantize_any_lanes(args, p);
  switch (p.dtype) {
    case DType::u8: return quantize<uint8_t>(args, p);
    case DType::i8: return quantize<int8_t>(args, p);
    case DType::u16: return quantize<uint16_t>(args, p);
    case DType::i16: return quantize<int16_t>(args, p);
    default: return quantize_any_lanes(args, p);
  }
}

}  // namespace hone::kernels::portable
