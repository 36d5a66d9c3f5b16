#include "device/kernels/fill/fill.h"

#include "device/kernels/check.h"
#include "device/kernels/fill/fill_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/fill/kernels.inc"
#undef HONE_KERNEL

namespace {

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<FillAttrs>(step);
  if (!at || !step.in.empty() || step.out.size() != 1) return "fill: attributes or operands";
  const Operand& y = step.out[0];
  int64_t n = 0;
  if (!dense_count(y, &n) || element_bytes(y.dtype) == 0) return "fill: y must be dense";
  auto* p = params_as<FillParams>(params);
  p->mode = at->mode;
  p->dtype = y.dtype;
  p->bytes = element_bytes(y.dtype);
  p->count = n;
  if (at->mode == Fill::value) {
    p->lo = static_cast<uint32_t>(at->lo) | static_cast<uint64_t>(static_cast<uint32_t>(at->hi))
                                                << 32;
    p->hi = 0;
  } else if (at->mode == Fill::dims) {
    if (y.dtype != DType::i64 && y.dtype != DType::i32) return "fill: dims are i64 or i32";
    if (n != static_cast<int64_t>(step.dims.size()) || n > 64) return "fill: number of dims";
    for (int64_t i = 0; i < n; ++i) p->dims[i] = step.dims[static_cast<size_t>(i)];
  } else {
    return "fill: no such mode";
  }
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

}  // namespace

const Kernel fill_any_portable = {"fill_any_portable", "fill",  Isa::portable, 1, bind,
                                  portable::fill_any,  nullptr, nullptr};

}  // namespace hone::kernels
