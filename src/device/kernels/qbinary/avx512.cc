#define HONE_ISA avx512
#include "device/kernels/simd/bytes_avx512.h"
//
#include "device/kernels/qbinary/qbinary.inl.h"
