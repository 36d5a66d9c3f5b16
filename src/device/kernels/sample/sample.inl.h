// sample for vectors of floats. Included after simd/<isa>.h.
#pragma once

#include "device/kernels/sample/sample_impl.h"
#include "device/kernels/simd/taps.inl.h"

namespace hone::kernels::HONE_ISA {

void sample_f32(const RunArgs& args) { sample_units(args, add_taps); }

}  // namespace hone::kernels::HONE_ISA
