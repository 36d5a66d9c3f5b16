#include "device/kernels/simd/avx2.h"

#define HONE_ISA avx2
#include "device/kernels/roi/roi.inl.h"
