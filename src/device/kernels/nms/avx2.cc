#define HONE_ISA avx2
#include "device/kernels/nms/nms.inl.h"
