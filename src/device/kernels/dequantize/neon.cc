#include "device/kernels/simd/bytes_neon.h"

#define HONE_ISA neon
#include "device/kernels/dequantize/dequantize.inl.h"
