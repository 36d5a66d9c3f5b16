// hconv's AMX kernel over tiles in plain C++: runs anywhere.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels::testing {

extern const Kernel hconv_bf16_32x32_emulated;

}  // namespace hone::kernels::testing
