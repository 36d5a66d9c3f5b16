#include "device/kernels/simd/halves_avx512.h"

#define HONE_ISA avx512
#include "device/kernels/pool/pool.inl.h"
