// roi for vectors of floats. Included after simd/<isa>.h.
#pragma once

#include "device/kernels/roi/roi_impl.h"
#include "device/kernels/simd/taps.inl.h"

namespace hone::kernels::HONE_ISA {

void roi_f32(const RunArgs& args) { roi_units(args, add_taps, max_taps_of); }

}  // namespace hone::kernels::HONE_ISA
