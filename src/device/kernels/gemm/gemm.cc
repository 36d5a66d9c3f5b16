#include "device/kernels/gemm/gemm.h"

#include "device/kernels/gemm/params.h"
#include "device/kernels/gemm/tiled.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

const char* bind_portable(const Step& step, void* params, Work* work) {
  GemmParams* p = static_cast<GemmParams*>(params);
  if (const char* reason = check_gemm_raw_b(step, p)) return reason;
  *work = {};
  work->units[0] = p->n == 0 ? 0 : p->batch * ((p->m + 1) / 2);  // pairs of rows
  return nullptr;
}

template <const Tiling& t>
const char* bind_tiled(const Step& step, void* params, Work* work) {
  return bind_gemm_tiled(t, step, params, work);
}
template <const Tiling& t>
int64_t tiled_bytes(const Step& step, int index) {
  return gemm_tiled_bytes(t, step, index);
}
template <const Tiling& t>
void pack_tiled(const Step& step, const void* const* raw, int, void* dst) {
  pack_gemm_tiled(t, step, raw, dst);
}
template <const Tiling& t>
void run_tiled(const RunArgs& args) {
  run_gemm_tiled(t, args);
}
template <const Tiling& t>
const char* bind_dynamic(const Step& step, void* params, Work* work) {
  return bind_gemm_dynamic(t, step, params, work);
}
template <const Tiling& t>
void run_dynamic(const RunArgs& args) {
  run_gemm_dynamic(t, args);
}

}  // namespace

#define HONE_GEMM_TILED(name, isa, tiling)  \
  extern const Kernel name;                 \
  const Kernel name = {#name,               \
                       "gemm",              \
                       isa,                 \
                       1,                   \
                       bind_tiled<tiling>,  \
                       run_tiled<tiling>,   \
                       tiled_bytes<tiling>, \
                       pack_tiled<tiling>};
#define HONE_GEMM_DYNAMIC(name, isa, tiling)                                               \
  extern const Kernel name;                                                                \
  const Kernel name = {#name,   "gemm", isa, 1, bind_dynamic<tiling>, run_dynamic<tiling>, \
                       nullptr, nullptr};

#if defined(__x86_64__)
HONE_GEMM_TILED(gemm_f32_14x32_avx512, Isa::avx512, avx512_14x32)
HONE_GEMM_TILED(gemm_f32_6x64_avx512, Isa::avx512, avx512_6x64)
HONE_GEMM_TILED(gemm_f32_9x24_avx512, Isa::avx512, avx512_9x24)
HONE_GEMM_TILED(gemm_f32_6x16_avx2, Isa::avx2, avx2_6x16)
HONE_GEMM_DYNAMIC(gemm_dynamic_f32_14x32_avx512, Isa::avx512, avx512_14x32)
HONE_GEMM_DYNAMIC(gemm_dynamic_f32_6x16_avx2, Isa::avx2, avx2_6x16)
#endif
HONE_GEMM_TILED(gemm_f32_6x16_neon, Isa::neon, neon_6x16)
HONE_GEMM_DYNAMIC(gemm_dynamic_f32_6x16_neon, Isa::neon, neon_6x16)

extern const Kernel gemm_f32_portable;
const Kernel gemm_f32_portable = {"gemm_f32_portable",   "gemm",  Isa::portable, 1, bind_portable,
                                  gemm_f32_portable_run, nullptr, nullptr};
extern const Kernel gemm_any_portable;
const Kernel gemm_any_portable = {"gemm_any_portable",   "gemm",  Isa::portable, 1, bind_gemm_any,
                                  gemm_any_portable_run, nullptr, nullptr};

}  // namespace hone::kernels
