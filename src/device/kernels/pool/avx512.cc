#include "device/kernels/simd/avx512.h"

#define HONE_ISA avx512
#include "device/kernels/pool/pool_f32.inl.h"
