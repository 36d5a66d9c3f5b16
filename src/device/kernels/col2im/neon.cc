#include "device/kernels/simd/neon.h"

#define HONE_ISA neon
#include "device/kernels/col2im/col2im.inl.h"
