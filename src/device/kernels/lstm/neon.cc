#define HONE_ISA neon
#include "device/kernels/simd/neon.h"
//
#include "device/kernels/lstm/lstm.inl.h"
