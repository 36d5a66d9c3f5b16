#include "device/kernels/simd/halves_neon.h"

#define HONE_ISA neon
#include "device/kernels/cast/cast.inl.h"
