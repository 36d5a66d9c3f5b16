#define HONE_ISA amx
#include "device/kernels/qconv/ints_avx512.h"
#include "device/kernels/simd/tiles_amx.h"

#include "device/kernels/qconv/amx.inl.h"
