#include "device/kernels/simd/bytes_avx512.h"

#define HONE_ISA avx512
#include "device/kernels/quantize/quantize.inl.h"
