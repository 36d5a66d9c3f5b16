#include "device/kernels/conv/conv.h"

#include "device/kernels/conv/params.h"
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

bool is_depthwise(const ConvParams& p) { return p.groups == p.c && p.groups == p.o; }

const char* bind_dw_portable(const Step& step, void* params, Work* work) {
  ConvParams* p = static_cast<ConvParams*>(params);
  if (const char* reason = check_conv_raw_weights(step, p)) return reason;
  if (!is_depthwise(*p)) return "not depthwise";
  *work = {};
  work->phases = 2;
  work->units[0] = 1;
  work->units[1] = p->batch * p->oh;
  work->workspace_bytes = p->taps() * p->c * 4;
  return nullptr;
}

}  // namespace

#define HONE_CONV_RAW(name, bind, run) \
  extern const Kernel name;            \
  const Kernel name = {#name, "conv", Isa::portable, 1, bind, run, nullptr, nullptr};

HONE_CONV_RAW(conv_dw_f32_portable, bind_dw_portable, conv_dw_f32_portable_run)
HONE_CONV_RAW(conv_f32_portable, bind_portable, conv_f32_portable_run)

}  // namespace hone::kernels
