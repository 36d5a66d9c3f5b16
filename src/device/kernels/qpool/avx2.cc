#define HONE_ISA avx2
#include "device/kernels/simd/bytes_avx2.h"
//
#include "device/kernels/qpool/qpool.inl.h"
