#include <cmath>
#include <limits>

#include "device/kernels/check.h"
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

}  // namespace

void quantize_any(const RunArgs& args) {
  auto& p = *static_cast<const QuantParams*>(args.params);
  switch (p.dtype) {
    case DType::u8: return quantize<uint8_t>(args, p);
    case DType::i8: return quantize<int8_t>(args, p);
    case DType::u16: return quantize<uint16_t>(args, p);
    default: return quantize<int16_t>(args, p);
  }
}

}  // namespace hone::kernels::portable
