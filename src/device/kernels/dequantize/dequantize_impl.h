// What dequantize.cc shares with the files that run.
#pragma once

#include "device/kernels/chunks.h"
#include "device/kernels/dequantize/dequantize.h"
#include "device/kernels/quantize/scales.h"

namespace hone::kernels {

namespace portable {
void dequantize_any(const RunArgs& args);
}
namespace avx2 {
void dequantize_8bit(const RunArgs& args);
}
namespace avx512 {
void dequantize_8bit(const RunArgs& args);
}
namespace neon {
void dequantize_8bit(const RunArgs& args);
}

}  // namespace hone::kernels
