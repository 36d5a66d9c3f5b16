#include "device/kernels/gather/gather.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/gather/gather_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/gather/kernels.inc"
#undef HONE_KERNEL

namespace {

// y's shape is x's with the axis replaced by the dimensions of the indices.
bool is_gathered(const Shape& x, const Shape& index, const Shape& y, int axis) {
  if (y.rank() != x.rank() - 1 + index.rank()) return false;
  for (int i = 0; i < y.rank(); ++i) {
    int64_t want = i < axis                  ? x[i]
                   : i < axis + index.rank() ? index[i - axis]
                                             : x[i - index.rank() + 1];
    if (y[i] != want) return false;
  }
  return true;
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<GatherAttrs>(step);
  if (!at || step.in.size() != 2 || step.out.size() != 1) return "gather: attributes or operands";
  const Operand &x = step.in[0], &index = step.in[1], &y = step.out[0];
  int64_t n = 0, nx = 0, ni = 0;
  if (!dense_count(x, &nx) || !dense_count(index, &ni) || !dense_count(y, &n)) {
    return "gather: operands must be dense";
  }
  if (x.dtype != y.dtype || element_bytes(x.dtype) == 0) return "gather: element types";
  if (index.dtype != DType::i64 && index.dtype != DType::i32) return "gather: type of the indices";
  if (at->axis < 0 || at->axis >= x.shape.rank()) return "gather: axis";
  if (!is_gathered(x.shape, index.shape, y.shape, at->axis)) return "gather: shape of the result";
  int64_t size = x.shape[at->axis];
  if (n > 0 && size == 0) return "gather: nothing to gather from";
  int64_t inner = n > 0 ? x.shape.count(at->axis + 1, x.shape.rank()) : 0;
  *params_as<GatherParams>(params) = {
      n, size, ni, inner, element_bytes(x.dtype), index.dtype == DType::i64};
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel gather_any_avx512 = {"gather_any_avx512", "gather", Isa::avx512, 1, bind,
                                  avx512::gather_any,  nullptr,  nullptr};
const Kernel gather_any_avx2 = {"gather_any_avx2", "gather", Isa::avx2, 1, bind,
                                avx2::gather_any,  nullptr,  nullptr};
#endif
const Kernel gather_any_neon = {
    "gather_any_neon", "gather", Isa::neon, 1, bind, HONE_ON_ARM(neon::gather_any),
    nullptr,           nullptr};
const Kernel gather_any_portable = {"gather_any_portable", "gather", Isa::portable, 1, bind,
                                    portable::gather_any,  nullptr,  nullptr};

}  // namespace hone::kernels
