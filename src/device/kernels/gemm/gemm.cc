#include "device/kernels/gemm/gemm.h"

#include "device/kernels/gemm/params.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

const char* bind_portable(const Step& step, void* params, Work* work) {
  GemmParams* p = static_cast<GemmParams*>(params);
  if (const char* reason = check_gemm_raw_b(step, p)) return reason;
  *work = {};
  work->units[0] = p->n == 0 ? 0 : p->batch * p->m;
  return nullptr;
}

}  // namespace

extern const Kernel gemm_f32_portable;
const Kernel gemm_f32_portable = {
    "gemm_f32_portable", "gemm", Isa::portable, 1, bind_portable, gemm_f32_portable_run, nullptr,
    nullptr};

}  // namespace hone::kernels
