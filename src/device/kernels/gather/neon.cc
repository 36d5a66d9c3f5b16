#define HONE_ISA neon
#include "device/kernels/simd/move_neon.h"
//
#include "device/kernels/gather/gather.inl.h"
