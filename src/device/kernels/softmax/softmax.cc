#include "device/kernels/softmax/softmax.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/softmax/softmax_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/softmax/kernels.inc"
#undef HONE_KERNEL

namespace {

template <DType type = DType::f32>
const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<SoftmaxAttrs>(step);
  if (!at || step.in.size() != 1 || step.out.size() != 1) return "softmax: attributes or operands";
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t n = 0;
  if (!dense_count(x, &n) || !dense_count(y, &n)) return "softmax: operands must be dense";
  if (x.dtype != type || y.dtype != type) {
    return type == DType::f32 ? "softmax: only f32" : "softmax: only f64";
  }
  if (!(x.shape == y.shape)) return "softmax: shapes differ";
  int rank = x.shape.rank();
  if (at->axis < 0 || at->axis > at->axis_end || at->axis_end > rank) return "softmax: axis";
  auto* p = params_as<SoftmaxParams>(params);
  *p = {0, 0, 0, at->log != 0, 0, 1};
  if (n > 0) {
    p->outer = x.shape.count(0, at->axis);
    p->size = x.shape.count(at->axis, at->axis_end);
    p->inner = x.shape.count(at->axis_end, rank);
    p->blocks = p->outer * ceil_div(p->inner, softmax_block);
    p->per_unit = max_of(1, chunk / p->size / min_of(p->inner, softmax_block));
  }
  work->units[0] = ceil_div(p->blocks, p->per_unit);
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel softmax_f32_avx512 = {"softmax_f32_avx512", "softmax", Isa::avx512, 1, bind<>,
                                   avx512::softmax_f32,  nullptr,   nullptr};
const Kernel softmax_f32_avx2 = {"softmax_f32_avx2", "softmax", Isa::avx2, 1, bind<>,
                                 avx2::softmax_f32,  nullptr,   nullptr};
#endif
const Kernel softmax_f32_neon = {"softmax_f32_neon",
                                 "softmax",
                                 Isa::neon,
                                 1,
                                 bind<>,
                                 HONE_ON_ARM(neon::softmax_f32),
                                 nullptr,
                                 nullptr};

const Kernel softmax_f32_portable = {"softmax_f32_portable", "softmax", Isa::portable, 1, bind<>,
                                     portable::softmax_f32,  nullptr,   nullptr};
const Kernel softmax_f64_portable = {
    "softmax_f64_portable", "softmax", Isa::portable, 1, bind<DType::f64>,
    portable::softmax_f64,  nullptr,   nullptr};

}  // namespace hone::kernels
