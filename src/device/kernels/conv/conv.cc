#include "device/kernels/conv/conv.h"

#include "device/kernels/arm.h"
#include "device/kernels/conv/depthwise.h"
#include "device/kernels/conv/grouped.h"
#include "device/kernels/conv/params.h"
#include "device/kernels/conv/tiled.h"
#include "device/kernels/conv/winograd.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

const char* bind_portable(const Step& step, void* params, Work* work) {
  ConvParams* p = static_cast<ConvParams*>(params);
  if (const char* reason = check_conv_raw_weights(step, p)) return reason;
  *work = {};
  work->units[0] = p->batch * p->oh;
  return nullptr;
}

const char* bind_dw_portable(const Step& step, void* params, Work* work) {
  ConvParams* p = static_cast<ConvParams*>(params);
  if (const char* reason = check_conv_raw_weights(step, p)) return reason;
  if (!is_depthwise(*p)) return "not depthwise";
  *work = {};
  work->phases = 2;
  work->units[0] = 1;
  work->units[1] = p->batch * p->oh;
  work->workspace_bytes = p->taps * p->c * 4;
  return nullptr;
}

template <const Tiling& t>
const char* bind_tiled(const Step& step, void* params, Work* work) {
  return bind_conv_tiled(t, step, params, work);
}
template <const Tiling& t>
int64_t tiled_bytes(const Step& step, int index) {
  return conv_tiled_bytes(t, step, index);
}
template <const Tiling& t>
void pack_tiled(const Step& step, const void* const* raw, int index, void* dst) {
  pack_conv_tiled(t, step, raw, index, dst);
}
template <const Tiling& t>
void run_tiled(const RunArgs& args) {
  run_conv_tiled(t, args);
}

template <const Winograd& g>
const char* bind_winograd(const Step& step, void* params, Work* work) {
  return bind_conv_winograd(g, step, params, work);
}
template <const Winograd& g>
int64_t winograd_bytes(const Step& step, int index) {
  return conv_winograd_bytes(g, step, index);
}
template <const Winograd& g>
void pack_winograd(const Step& step, const void* const* raw, int index, void* dst) {
  pack_conv_winograd(g, step, raw, index, dst);
}
template <const Winograd& g>
void run_winograd(const RunArgs& args) {
  run_conv_winograd(g, args);
}

template <int width>
const char* bind_depthwise(const Step& step, void* params, Work* work) {
  return bind_conv_depthwise(width, step, params, work);
}
template <int width>
int64_t depthwise_bytes(const Step& step, int index) {
  return conv_depthwise_bytes(width, step, index);
}
template <int width>
void pack_depthwise(const Step& step, const void* const* raw, int, void* dst) {
  pack_conv_depthwise(width, step, raw, dst);
}

template <int width>
const char* bind_grouped(const Step& step, void* params, Work* work) {
  return bind_conv_grouped(width, step, params, work);
}
template <int width>
int64_t grouped_bytes(const Step& step, int index) {
  return conv_grouped_bytes(width, step, index);
}
template <int width>
void pack_grouped(const Step& step, const void* const* raw, int, void* dst) {
  pack_conv_grouped(width, step, raw, dst);
}

template <int width>
const char* bind_depthwise_dynamic(const Step& step, void* params, Work* work) {
  return bind_conv_depthwise_dynamic(width, step, params, work);
}
template <int width, void (*run)(const RunArgs&)>
void run_depthwise_dynamic(const RunArgs& args) {
  run_conv_depthwise_dynamic(width, run, args);
}

}  // namespace

#define HONE_CONV_TILED(name, isa, tiling)  \
  extern const Kernel name;                 \
  const Kernel name = {#name,               \
                       "conv",              \
                       isa,                 \
                       1,                   \
                       bind_tiled<tiling>,  \
                       run_tiled<tiling>,   \
                       tiled_bytes<tiling>, \
                       pack_tiled<tiling>};

#define HONE_CONV_WINOGRAD(name, isa, transforms, m, tiling) \
  static const Winograd name##_g = {m, &tiling, transforms}; \
  extern const Kernel name;                                  \
  const Kernel name = {#name,                                \
                       "conv",                               \
                       isa,                                  \
                       1,                                    \
                       bind_winograd<name##_g>,              \
                       run_winograd<name##_g>,               \
                       winograd_bytes<name##_g>,             \
                       pack_winograd<name##_g>};

#define HONE_CONV_DEPTHWISE(name, isa, width, run) \
  extern const Kernel name;                        \
  const Kernel name = {#name,                      \
                       "conv",                     \
                       isa,                        \
                       1,                          \
                       bind_depthwise<width>,      \
                       run,                        \
                       depthwise_bytes<width>,     \
                       pack_depthwise<width>};

#define HONE_CONV_GROUPED(name, isa, width, run) \
  extern const Kernel name;                      \
  const Kernel name = {                          \
      #name, "conv", isa, 1, bind_grouped<width>, run, grouped_bytes<width>, pack_grouped<width>};

#define HONE_CONV_DEPTHWISE_DYNAMIC(name, isa, width, run)                                       \
  extern const Kernel name;                                                                      \
  const Kernel name = {                                                                          \
      #name,   "conv", isa, 1, bind_depthwise_dynamic<width>, run_depthwise_dynamic<width, run>, \
      nullptr, nullptr};

#if defined(__x86_64__)
HONE_CONV_TILED(conv_f32_14x32_avx512, Isa::avx512, avx512_14x32)
HONE_CONV_TILED(conv_f32_6x64_avx512, Isa::avx512, avx512_6x64)
HONE_CONV_TILED(conv_f32_9x24_avx512, Isa::avx512, avx512_9x24)
HONE_CONV_TILED(conv_f32_6x16_avx2, Isa::avx2, avx2_6x16)
HONE_CONV_WINOGRAD(conv_f32_winograd4_14x32_avx512, Isa::avx512, avx512::winograd_4, 4,
                   avx512_14x32)
HONE_CONV_WINOGRAD(conv_f32_winograd2_14x32_avx512, Isa::avx512, avx512::winograd_2, 2,
                   avx512_14x32)
HONE_CONV_WINOGRAD(conv_f32_winograd4_6x16_avx2, Isa::avx2, avx2::winograd_4, 4, avx2_6x16)
HONE_CONV_WINOGRAD(conv_f32_winograd2_6x16_avx2, Isa::avx2, avx2::winograd_2, 2, avx2_6x16)
HONE_CONV_DEPTHWISE(conv_dw_f32_c16_avx512, Isa::avx512, 16, avx512::conv_dw_f32_run)
HONE_CONV_DEPTHWISE(conv_dw_f32_c8_avx2, Isa::avx2, 8, avx2::conv_dw_f32_run)
HONE_CONV_GROUPED(conv_grouped_f32_c16_avx512, Isa::avx512, 16, avx512::conv_grouped_f32_run)
HONE_CONV_GROUPED(conv_grouped_f32_c8_avx2, Isa::avx2, 8, avx2::conv_grouped_f32_run)
HONE_CONV_DEPTHWISE_DYNAMIC(conv_dw_dynamic_f32_c16_avx512, Isa::avx512, 16,
                            avx512::conv_dw_f32_run)
HONE_CONV_DEPTHWISE_DYNAMIC(conv_dw_dynamic_f32_c8_avx2, Isa::avx2, 8, avx2::conv_dw_f32_run)
#endif
HONE_CONV_TILED(conv_f32_6x16_neon, Isa::neon, neon_6x16)
HONE_CONV_WINOGRAD(conv_f32_winograd4_6x16_neon, Isa::neon, neon::winograd_4, 4, neon_6x16)
HONE_CONV_WINOGRAD(conv_f32_winograd2_6x16_neon, Isa::neon, neon::winograd_2, 2, neon_6x16)
HONE_CONV_DEPTHWISE(conv_dw_f32_c4_neon, Isa::neon, 4, HONE_ON_ARM(neon::conv_dw_f32_run))
HONE_CONV_GROUPED(conv_grouped_f32_c4_neon, Isa::neon, 4, HONE_ON_ARM(neon::conv_grouped_f32_run))
HONE_CONV_DEPTHWISE_DYNAMIC(conv_dw_dynamic_f32_c4_neon, Isa::neon, 4,
                            HONE_ON_ARM(neon::conv_dw_f32_run))

#define HONE_CONV_RAW(name, bind, run) \
  extern const Kernel name;            \
  const Kernel name = {#name, "conv", Isa::portable, 1, bind, run, nullptr, nullptr};

HONE_CONV_RAW(conv_dw_f32_portable, bind_dw_portable, conv_dw_f32_portable_run)
HONE_CONV_RAW(conv_f32_portable, bind_portable, conv_f32_portable_run)

}  // namespace hone::kernels
