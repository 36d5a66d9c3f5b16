#define HONE_ISA avx2
#include "device/kernels/simd/math_avx2.h"
//
#include "device/kernels/simd/act.inl.h"
//
#include "device/kernels/attention/attention.inl.h"
