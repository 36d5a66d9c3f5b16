// hconv's depthwise convolutions: conv's, over 16-bit floats. Included after simd/halves_<isa>.h.
#pragma once

#include "device/kernels/conv/depthwise.inl.h"
#include "device/kernels/hconv/params.h"

namespace hone::kernels::HONE_ISA {

void hconv_dw_run(const RunArgs& args) {
  const HConvParams& p = *static_cast<const HConvParams*>(args.params);
  p.type == DType::bf16 ? run_dw<Bf16, Bf16>(p.conv, args) : run_dw<F16, F16>(p.conv, args);
}

}  // namespace hone::kernels::HONE_ISA
