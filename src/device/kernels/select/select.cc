#include "device/kernels/select/select.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/select/select_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/select/kernels.inc"
#undef HONE_KERNEL

namespace {

const char* bind(const Step& step, void* params, Work* work) {
  if (!step.attrs.empty() || step.in.size() != 3 || step.out.size() != 1) {
    return "select: attributes or operands";
  }
  const Operand &c = step.in[0], &a = step.in[1], &b = step.in[2], &y = step.out[0];
  int64_t n = 0, m = 0;
  if (!dense_count(c, &m) || !dense_count(a, &m) || !dense_count(b, &m) || !dense_count(y, &n)) {
    return "select: operands must be dense";
  }
  if (c.dtype != DType::boolean) return "select: the condition must be bool";
  if (a.dtype != b.dtype || a.dtype != y.dtype) return "select: types differ";
  if (element_bytes(a.dtype) == 0) return "select: type narrower than a byte";
  int64_t strides[3][max_rank] = {};
  for (int k = 0; k < 3; ++k) {
    if (!broadcast_strides(step.in[static_cast<size_t>(k)].shape, y.shape, strides[k])) {
      return "select: shapes do not broadcast";
    }
  }
  auto* p = params_as<SelectParams>(params);
  make_loops<3>(y.shape, n, strides, &p->loops);
  p->bytes = element_bytes(a.dtype);
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel select_any_avx512 = {"select_any_avx512", "select", Isa::avx512, 1, bind,
                                  avx512::select_any,  nullptr,  nullptr};
const Kernel select_any_avx2 = {"select_any_avx2", "select", Isa::avx2, 1, bind,
                                avx2::select_any,  nullptr,  nullptr};
#endif
const Kernel select_any_neon = {
    "select_any_neon", "select", Isa::neon, 1, bind, HONE_ON_ARM(neon::select_any),
    nullptr,           nullptr};
const Kernel select_any_portable = {"select_any_portable", "select", Isa::portable, 1, bind,
                                    portable::select_any,  nullptr,  nullptr};

}  // namespace hone::kernels
