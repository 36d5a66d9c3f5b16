#define HONE_ISA avx512
#include "device/kernels/simd/math_avx512.h"
//
#include "device/kernels/simd/act.inl.h"
//
#include "device/kernels/attention/attention.inl.h"
