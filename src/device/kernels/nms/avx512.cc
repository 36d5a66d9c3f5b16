#define HONE_ISA avx512
#include "device/kernels/nms/nms.inl.h"
