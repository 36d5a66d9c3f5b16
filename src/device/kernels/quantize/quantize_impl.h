// What quantize.cc shares with the files that run.
#pragma once

#include "device/kernels/chunks.h"
#include "device/kernels/quantize/quantize.h"
#include "device/kernels/quantize/scales.h"

namespace hone::kernels {

namespace portable {
void quantize_any(const RunArgs& args);
}
namespace avx2 {
void quantize_8bit(const RunArgs& args);
}
namespace avx512 {
void quantize_8bit(const RunArgs& args);
}
namespace neon {
void quantize_8bit(const RunArgs& args);
}

}  // namespace hone::kernels
