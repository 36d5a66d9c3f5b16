#define HONE_ISA avx2
#include "device/kernels/simd/halves_avx2.h"
#include "device/kernels/simd/math_avx2.h"
//
#include "device/kernels/binary/binary.inl.h"
#include "device/kernels/binary/half.inl.h"
#include "device/kernels/binary/int.inl.h"
