#define HONE_ISA neon
#include "device/kernels/simd/bytes_neon.h"
//
#include "device/kernels/qbinary/qbinary.inl.h"
