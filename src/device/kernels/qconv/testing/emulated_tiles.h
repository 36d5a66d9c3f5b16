// qconv's AMX kernel over tiles in plain C++: runs anywhere.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels::testing {

extern const Kernel qconv_8bit_32x32_emulated;

}  // namespace hone::kernels::testing
