#define HONE_ISA avx512
#include "device/kernels/cast/cast.inl.h"
