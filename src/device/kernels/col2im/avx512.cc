#include "device/kernels/simd/avx512.h"

#define HONE_ISA avx512
#include "device/kernels/col2im/col2im.inl.h"
