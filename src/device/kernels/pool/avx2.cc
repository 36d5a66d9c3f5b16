#include "device/kernels/simd/halves_avx2.h"

#define HONE_ISA avx2
#include "device/kernels/pool/pool.inl.h"
