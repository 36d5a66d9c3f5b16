// hconv's depthwise convolutions: conv's, over 16-bit floats. Included after simd/halves_<isa>.h.
#pragma once

#include "device/kernels/conv/depthwise.inl.h"
#include "device/kernels/hconv/params.h"

namespace hone::kernels::HONE_ISA {

void hconv_dw_run(const RunArgs& args) {
  const HConvParams& p = *static_cast<const HConvParams*>(args.params);
  const bool floats = p.y_type == DType::f32;
  if (p.type == DType::bf16) {
    return floats ? run_dw<Bf16, float>(p.conv, args) : run_dw<Bf16, Bf16>(p.conv, args);
  }
  return floats ? run_dw<F16, float>(p.conv, args) : run_dw<F16, F16>(p.conv, args);
}

}  // namespace hone::kernels::HONE_ISA
