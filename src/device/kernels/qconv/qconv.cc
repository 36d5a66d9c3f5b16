#include "device/kernels/qconv/qconv.h"

#include "device/kernels/arm.h"
#include "device/kernels/qconv/dw.h"
#include "device/kernels/qconv/tiled.h"

namespace hone::kernels {
namespace {

const char* bind_portable(const Step& step, void* params, Work* work) {
  QConvParams* p = static_cast<QConvParams*>(params);
  if (const char* reason = check_qconv_raw_weights(step, p)) return reason;
  *work = {};
  work->units[0] = p->conv.batch * p->conv.oh * p->conv.ow;
  return nullptr;
}

template <const QTiling& t>
const char* bind_tiled(const Step& step, void* params, Work* work) {
  return bind_qconv_tiled(t, step, params, work);
}
template <const QTiling& t>
int64_t tiled_bytes(const Step& step, int index) {
  return qconv_tiled_bytes(t, step, index);
}
template <const QTiling& t>
void pack_tiled(const Step& step, const void* const* raw, int, void* dst) {
  pack_qconv_tiled(t, step, raw, dst);
}
template <const QTiling& t>
void run_tiled(const RunArgs& args) {
  run_qconv_tiled(t, args);
}

template <int block>
const char* bind_dw(const Step& step, void* params, Work* work) {
  return bind_qconv_dw(block, step, params, work);
}
template <int block>
int64_t dw_bytes(const Step& step, int index) {
  return qconv_dw_bytes(block, step, index);
}
template <int block>
void pack_dw(const Step& step, const void* const* raw, int, void* dst) {
  pack_qconv_dw(block, step, raw, dst);
}

}  // namespace

#define HONE_QCONV_DW(name, isa, block, run)                                     \
  extern const Kernel name;                                                      \
  const Kernel name = {#name, "qconv",         isa,           2, bind_dw<block>, \
                       run,   dw_bytes<block>, pack_dw<block>};

#define HONE_QCONV_TILED(name, isa, tiling) \
  extern const Kernel name;                 \
  const Kernel name = {#name,               \
                       "qconv",             \
                       isa,                 \
                       3,                   \
                       bind_tiled<tiling>,  \
                       run_tiled<tiling>,   \
                       tiled_bytes<tiling>, \
                       pack_tiled<tiling>};

HONE_QCONV_DW(qconv_dw_8bit_c32_portable, Isa::portable, 32, portable::qconv_dw_c32_run)
HONE_QCONV_TILED(qconv_8bit_4x16_portable, Isa::portable, portable_q4x16)
#if defined(__x86_64__)
HONE_QCONV_DW(qconv_dw_8bit_c64_avx512_vnni, Isa::avx512_vnni, 64, avx512_vnni::qconv_dw_c64_run)
HONE_QCONV_DW(qconv_dw_8bit_c32_avx512_vnni, Isa::avx512_vnni, 32, avx512_vnni::qconv_dw_c32_run)
HONE_QCONV_DW(qconv_dw_8bit_c64_avx512, Isa::avx512, 64, avx512::qconv_dw_c64_run)
HONE_QCONV_DW(qconv_dw_8bit_c32_avx_vnni, Isa::avx_vnni, 32, avx_vnni::qconv_dw_c32_run)
HONE_QCONV_DW(qconv_dw_8bit_c32_avx2, Isa::avx2, 32, avx2::qconv_dw_c32_run)
HONE_QCONV_TILED(qconv_8bit_32x32_amx, Isa::amx, amx_q32x32)
HONE_QCONV_TILED(qconv_8bit_12x32_avx512_vnni, Isa::avx512_vnni, avx512_vnni_q12x32)
HONE_QCONV_TILED(qconv_8bit_12x32_avx512, Isa::avx512, avx512_q12x32)
HONE_QCONV_TILED(qconv_8bit_6x16_avx_vnni, Isa::avx_vnni, avx_vnni_q6x16)
HONE_QCONV_TILED(qconv_8bit_5x16_avx2, Isa::avx2, avx2_q5x16)
#endif
HONE_QCONV_DW(qconv_dw_8bit_c16_neon_i8mm, Isa::neon_i8mm, 16,
              HONE_ON_ARM(neon_i8mm::qconv_dw_c16_run))
HONE_QCONV_DW(qconv_dw_8bit_c16_neon_dot, Isa::neon_dot, 16,
              HONE_ON_ARM(neon_dot::qconv_dw_c16_run))
HONE_QCONV_DW(qconv_dw_8bit_c16_neon, Isa::neon, 16, HONE_ON_ARM(neon::qconv_dw_c16_run))
HONE_QCONV_TILED(qconv_8bit_8x8x8_neon_i8mm, Isa::neon_i8mm, neon_i8mm_q8x8x8)
HONE_QCONV_TILED(qconv_8bit_8x8_neon_i8mm, Isa::neon_i8mm, neon_i8mm_q8x8)
HONE_QCONV_TILED(qconv_8bit_8x8_neon_dot, Isa::neon_dot, neon_dot_q8x8)
HONE_QCONV_TILED(qconv_8bit_8x8_neon, Isa::neon, neon_q8x8)

extern const Kernel qconv_8bit_portable;
const Kernel qconv_8bit_portable = {"qconv_8bit_portable", "qconv", Isa::portable, 1, bind_portable,
                                    qconv_portable_run,    nullptr, nullptr};

}  // namespace hone::kernels
