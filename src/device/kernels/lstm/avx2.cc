#define HONE_ISA avx2
#include "device/kernels/simd/avx2.h"
//
#include "device/kernels/lstm/lstm.inl.h"
