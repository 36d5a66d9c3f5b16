#include "device/kernels/simd/neon.h"

#define HONE_ISA neon
#include "device/kernels/conv/grouped.inl.h"
#include "device/kernels/conv/winograd.inl.h"

namespace hone::kernels::neon {

void conv_dw_f32_run(const RunArgs& args) {
  run_dw<float, float>(*static_cast<const ConvParams*>(args.params), args);
}

void conv_grouped_f32_run(const RunArgs& args) {
  run_grouped(*static_cast<const ConvParams*>(args.params), args);
}

}  // namespace hone::kernels::neon
