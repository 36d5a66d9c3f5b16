#define HONE_ISA neon
#include "device/kernels/simd/math_neon.h"
//
#include "device/kernels/norm/norm.inl.h"
