#define HONE_ISA avx2
#include "device/kernels/cast/cast.inl.h"
