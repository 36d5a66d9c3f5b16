#define HONE_ISA neon
#include "device/kernels/simd/halves_neon.h"
#include "device/kernels/simd/math_neon.h"
//
#include "device/kernels/binary/binary.inl.h"
#include "device/kernels/binary/half.inl.h"
#include "device/kernels/binary/int.inl.h"
