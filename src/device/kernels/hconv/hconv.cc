#include "device/kernels/hconv/hconv.h"

#include "device/kernels/arm.h"
#include "device/kernels/hconv/tiled.h"
#include "device/kernels/hconv/winograd.h"

namespace hone::kernels {
namespace {

const char* bind_portable(const Step& step, void* params, Work* work) {
  HConvParams* p = static_cast<HConvParams*>(params);
  if (const char* reason = check_hconv_raw_weights(step, p)) return reason;
  *work = {};
  work->units[0] = p->conv.batch * p->conv.oh * p->conv.ow;
  return nullptr;
}

template <const HTiling& t>
const char* bind_tiled(const Step& step, void* params, Work* work) {
  return bind_hconv_tiled(t, step, params, work);
}
template <const HTiling& t>
int64_t tiled_bytes(const Step& step, int index) {
  return hconv_tiled_bytes(t, step, index);
}
template <const HTiling& t>
void pack_tiled(const Step& step, const void* const* raw, int, void* dst) {
  pack_hconv_tiled(t, step, raw, dst);
}
template <const HTiling& t>
void run_tiled(const RunArgs& args) {
  run_hconv_tiled(t, args);
}

template <int width>
const char* bind_dw(const Step& step, void* params, Work* work) {
  return bind_hconv_dw(width, step, params, work);
}
template <int width>
int64_t dw_bytes(const Step& step, int index) {
  return hconv_dw_bytes(width, step, index);
}
template <int width>
void pack_dw(const Step& step, const void* const* raw, int, void* dst) {
  pack_hconv_dw(width, step, raw, dst);
}

template <const Winograd& g>
const char* bind_of(const Step& step, void* params, Work* work) {
  return bind_hconv_winograd(g, step, params, work);
}
template <const Winograd& g>
int64_t bytes_of(const Step& step, int index) {
  return hconv_winograd_bytes(g, step, index);
}
template <const Winograd& g>
void pack_of(const Step& step, const void* const* raw, int, void* dst) {
  pack_hconv_winograd(g, step, raw, dst);
}
template <const Winograd& g, const WinogradHalves& bf16, const WinogradHalves& f16>
void run_of(const RunArgs& args) {
  run_winograd(g, &bf16, &f16, args);
}

}  // namespace

#define HONE_HCONV_TILED(name, isa, tiling) \
  extern const Kernel name;                 \
  const Kernel name = {#name,               \
                       "hconv",             \
                       isa,                 \
                       1,                   \
                       bind_tiled<tiling>,  \
                       run_tiled<tiling>,   \
                       tiled_bytes<tiling>, \
                       pack_tiled<tiling>};

#define HONE_HCONV_DW(name, isa, width, run)                                     \
  extern const Kernel name;                                                      \
  const Kernel name = {#name, "hconv",         isa,           2, bind_dw<width>, \
                       run,   dw_bytes<width>, pack_dw<width>};

#define HONE_HCONV_WINOGRAD(name, isa, m, tiling)                             \
  static const Winograd name##_g = {m, &tiling, isa::winograd_##m};           \
  extern const Kernel name;                                                   \
  const Kernel name = {#name,                                                 \
                       "hconv",                                               \
                       Isa::isa,                                              \
                       1,                                                     \
                       bind_of<name##_g>,                                     \
                       run_of<name##_g, isa::rows_of_bf16, isa::rows_of_f16>, \
                       bytes_of<name##_g>,                                    \
                       pack_of<name##_g>};

#if defined(__x86_64__)
HONE_HCONV_DW(hconv_dw_16bit_c16_avx512, Isa::avx512, 16, avx512::hconv_dw_run)
HONE_HCONV_DW(hconv_dw_16bit_c8_avx2, Isa::avx2, 8, avx2::hconv_dw_run)
HONE_HCONV_WINOGRAD(hconv_16bit_winograd4_14x32_avx512, avx512, 4, avx512_14x32)
HONE_HCONV_WINOGRAD(hconv_16bit_winograd4_6x16_avx2, avx2, 4, avx2_6x16)
HONE_HCONV_TILED(hconv_bf16_32x32_amx, Isa::amx, amx_h32x32)
HONE_HCONV_TILED(hconv_bf16_12x32_avx512_bf16, Isa::avx512_bf16, avx512_bf16_h12x32)
HONE_HCONV_TILED(hconv_16bit_12x32_avx512, Isa::avx512, avx512_h12x32)
HONE_HCONV_TILED(hconv_16bit_6x16_avx2, Isa::avx2, avx2_h6x16)
#endif
HONE_HCONV_DW(hconv_dw_16bit_c4_neon, Isa::neon, 4, HONE_ON_ARM(neon::hconv_dw_run))
HONE_HCONV_WINOGRAD(hconv_16bit_winograd4_6x16_neon, neon, 4, neon_6x16)
HONE_HCONV_TILED(hconv_16bit_6x16_neon, Isa::neon, neon_h6x16)
HONE_HCONV_TILED(hconv_16bit_4x16_portable, Isa::portable, portable_h4x16)

extern const Kernel hconv_16bit_portable;
const Kernel hconv_16bit_portable = {
    "hconv_16bit_portable", "hconv", Isa::portable, 1, bind_portable,
    hconv_portable_run,     nullptr, nullptr};

}  // namespace hone::kernels
