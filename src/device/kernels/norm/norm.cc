#include "device/kernels/norm/norm.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/norm/norm_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/norm/kernels.inc"
#undef HONE_KERNEL

namespace {

bool is_f32(const Operand& o, int64_t* n) { return o.dtype == DType::f32 && dense_count(o, n); }

// Operands that may be left out: f32 and of `count` elements where they are there.
bool are_optional(std::span<const Operand> operands, int64_t count) {
  for (size_t i = 1; i < operands.size(); ++i) {
    int64_t n = 0;
    if (operands[i].present() && !(is_f32(operands[i], &n) && n == count)) return false;
  }
  return true;
}

void set_work(NormParams* p, Work* work) {
  if (p->rows == 1) {
    p->per_unit = max_of(1, chunk / p->size);
    work->units[0] = ceil_div(p->outer * p->groups, p->per_unit);
    return;
  }
  p->per_unit = max_of(1, norm_block / p->size);
  p->units_across = ceil_div(p->groups, p->per_unit);
  work->units[0] = p->outer * p->units_across;
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<NormAttrs>(step);
  if (!at || step.in.empty() || step.in.size() > 3 || step.out.empty() || step.out.size() > 3) {
    return "norm: attributes or operands";
  }
  if (!(at->epsilon >= 0)) return "norm: epsilon";
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t n = 0, ny = 0;
  if (!is_f32(x, &n) || !is_f32(y, &ny)) return "norm: only f32, dense";
  if (x.shape.rank() != 4 || !(x.shape == y.shape)) return "norm: shapes";
  auto* p = params_as<NormParams>(params);
  *p = {};
  work->units[0] = 0;
  if (n == 0) {
    return step.in.size() > 1 || step.out.size() > 1 ? "norm: nothing to normalise" : nullptr;
  }
  p->outer = x.shape[0], p->rows = x.shape[1], p->groups = x.shape[2], p->size = x.shape[3];
  if (!are_optional(step.in, p->groups * p->size)) return "norm: scale or bias";
  if (!are_optional(step.out, p->outer * p->groups)) return "norm: moments";
  p->centre = at->centre != 0;
  p->epsilon = at->epsilon;
  p->in_count = static_cast<int32_t>(step.in.size());
  p->out_count = static_cast<int32_t>(step.out.size());
  set_work(p, work);
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel norm_f32_avx512 = {"norm_f32_avx512", "norm",  Isa::avx512, 1, bind,
                                avx512::norm_f32,  nullptr, nullptr};
const Kernel norm_f32_avx2 = {"norm_f32_avx2", "norm",  Isa::avx2, 1, bind,
                              avx2::norm_f32,  nullptr, nullptr};
#endif
const Kernel norm_f32_neon = {
    "norm_f32_neon", "norm", Isa::neon, 1, bind, HONE_ON_ARM(neon::norm_f32), nullptr, nullptr};

const Kernel norm_f32_portable = {"norm_f32_portable", "norm",  Isa::portable, 1, bind,
                                  portable::norm_f32,  nullptr, nullptr};

}  // namespace hone::kernels
