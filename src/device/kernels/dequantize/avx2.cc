#include "device/kernels/simd/bytes_avx2.h"

#define HONE_ISA avx2
#include "device/kernels/dequantize/dequantize.inl.h"
