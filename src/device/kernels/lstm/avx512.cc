#define HONE_ISA avx512
#include "device/kernels/simd/avx512.h"
//
#include "device/kernels/lstm/lstm.inl.h"
