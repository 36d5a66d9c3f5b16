#include "device/kernels/nonzero/nonzero_impl.h"

namespace hone::kernels::portable {
namespace {

template <class T>
int64_t count_of(const T* x, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) count += x[i] != 0 ? 1 : 0;
  return count;
}

template <class T>
void run(const RunArgs& args, const NonzeroParams& p) {
  const T* x = static_cast<const T*>(args.in[0]);
  auto* where = static_cast<int64_t*>(args.out[0]);
  const int64_t count = count_of(x, p.count);
  *static_cast<int64_t*>(args.out[1]) = count;
  int64_t index[max_rank] = {};
  for (int64_t i = 0, k = 0; k < count; ++i) {
    if (x[i] != 0) {
      for (int d = 0; d < p.rank; ++d) where[d * count + k] = index[d];
      ++k;
    }
    for (int d = p.rank - 1; d >= 0 && ++index[d] == p.size[d]; --d) index[d] = 0;
  }
}

}  // namespace

void nonzero_any(const RunArgs& args) {
  if (args.begin >= args.end) return;
  auto& p = *static_cast<const NonzeroParams*>(args.params);
  switch (p.dtype) {
    case DType::f32: return run<float>(args, p);
    case DType::f64: return run<double>(args, p);
    case DType::boolean:
    case DType::u8:
    case DType::i8: return run<uint8_t>(args, p);
    case DType::i16:
    case DType::u16: return run<uint16_t>(args, p);
    case DType::i32:
    case DType::u32: return run<uint32_t>(args, p);
    default: return run<uint64_t>(args, p);
  }
}

}  // namespace hone::kernels::portable
