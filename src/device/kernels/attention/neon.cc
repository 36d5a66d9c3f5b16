#define HONE_ISA neon
#include "device/kernels/simd/math_neon.h"
//
#include "device/kernels/simd/act.inl.h"
//
#include "device/kernels/attention/attention.inl.h"
