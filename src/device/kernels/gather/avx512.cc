#define HONE_ISA avx512
#include "device/kernels/simd/move_avx512.h"
//
#include "device/kernels/gather/gather.inl.h"
