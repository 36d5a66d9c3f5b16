#include "device/kernels/simd/halves_avx512.h"

namespace hone::kernels::amx {
using namespace avx512;
}

#define HONE_ISA amx
#include "device/kernels/hconv/finish.inl.h"
#include "device/kernels/simd/tiles_amx.h"

#include "device/kernels/hconv/amx.inl.h"
