#include "device/kernels/range/range.h"

#include <type_traits>

#include "device/kernels/check.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/range/kernels.inc"
#undef HONE_KERNEL

namespace {

struct RangeParams {
  int64_t total;
  DType dtype;
};

bool takes(DType t) {
  return t == DType::f32 || t == DType::f64 || t == DType::i16 || t == DType::i32 ||
         t == DType::i64;
}

const char* bind(const Step& step, void* params, Work* work) {
  if (!step.attrs.empty() || step.in.size() != 2 || step.out.size() != 1) {
    return "range: attributes or operands";
  }
  const Operand &start = step.in[0], &delta = step.in[1], &y = step.out[0];
  int64_t n = 0, a = 0, b = 0;
  if (!dense_count(start, &a) || !dense_count(delta, &b) || !dense_count(y, &n)) {
    return "range: operands must be dense";
  }
  if (a != 1 || b != 1 || y.shape.rank() != 1) return "range: shapes";
  if (!takes(y.dtype) || start.dtype != y.dtype || delta.dtype != y.dtype) return "range: types";
  *params_as<RangeParams>(params) = {n, y.dtype};
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

template <class T>
void fill(const RunArgs& args, int64_t begin, int64_t end) {
  const T start = *static_cast<const T*>(args.in[0]), delta = *static_cast<const T*>(args.in[1]);
  T* y = static_cast<T*>(args.out[0]);
  if constexpr (std::is_floating_point_v<T>) {
    for (int64_t i = begin; i < end; ++i) {
      y[i] = static_cast<T>(static_cast<double>(start) +
                            static_cast<double>(i) * static_cast<double>(delta));
    }
  } else {
    const auto first = static_cast<uint64_t>(start), step = static_cast<uint64_t>(delta);
    for (int64_t i = begin; i < end; ++i) {
      y[i] = static_cast<T>(first + static_cast<uint64_t>(i) * step);
    }
  }
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const RangeParams*>(args.params);
  const auto [begin, end] = elements_of_units(args, p.total);
  switch (p.dtype) {
    case DType::f32: return fill<float>(args, begin, end);
    case DType::f64: return fill<double>(args, begin, end);
    case DType::i16: return fill<int16_t>(args, begin, end);
    case DType::i32: return fill<int32_t>(args, begin, end);
    default: return fill<int64_t>(args, begin, end);
  }
}

}  // namespace

const Kernel range_any_portable = {
    "range_any_portable", "range", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
