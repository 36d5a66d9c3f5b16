#define HONE_ISA avx2
#include "device/kernels/simd/move_avx2.h"
//
#include "device/kernels/pad/pad.inl.h"
