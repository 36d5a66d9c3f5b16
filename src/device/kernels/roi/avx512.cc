#include "device/kernels/simd/avx512.h"

#define HONE_ISA avx512
#include "device/kernels/roi/roi.inl.h"
