#include "device/kernels/check.h"
#include "device/kernels/dequantize/dequantize_impl.h"
#include "device/kernels/quantize/lane_runs.h"

namespace hone::kernels::portable {
namespace {

template <class T>
void dequantize(const RunArgs& args, const QuantParams& p) {
  const T* x = static_cast<const T*>(args.in[0]);
  const float* scales = static_cast<const float*>(args.in[1]);
  const T* zeros = p.zero ? static_cast<const T*>(args.in[2]) : nullptr;
  float* y = static_cast<float*>(args.out[0]);
  const Span64 own = elements_of_units(args, p.total);
  quant_runs(p, own.begin, own.end, [&](int64_t at, int64_t n, int64_t scale, int64_t step) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t s = scale + i * step, zero = zeros ? zeros[s] : 0;
      y[at + i] = static_cast<float>(static_cast<double>(x[at + i] - zero) *
                                     static_cast<double>(scales[s]));
    }
  });
}

void dequantize_any_lanes(const RunArgs& args, const QuantParams& p) {
  quant_lanes(args, p,
              [&](int64_t at, int64_t n, const double* scale, const double* zero, int64_t step) {
                double x[lane_block];
                load_lanes(p.dtype, args.in[0], at, n, x);
                for (int64_t i = 0; i < n; ++i) x[i] = (x[i] - zero[i * step]) * scale[i * step];
                store_lanes(p.real, x, n, args.out[0], at);
              });
}

}  // namespace

void dequantize_any(const RunArgs& args) {
  auto& p = *static_cast<const QuantParams*>(args.params);
  if (!is_all_f32(p)) return dequantize_any_lanes(args, p);
  switch (p.dtype) {
    case DType::u8: return dequantize<uint8_t>(args, p);
    case DType::i8: return dequantize<int8_t>(args, p);
    case DType::u16: return dequantize<uint16_t>(args, p);
    case DType::i16: return dequantize<int16_t>(args, p);
    case DType::i32: return dequantize<int32_t>(args, p);
    default: return dequantize_any_lanes(args, p);
  }
}

}  // namespace hone::kernels::portable
