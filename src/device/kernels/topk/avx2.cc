#define HONE_ISA avx2
#include "device/kernels/topk/topk.inl.h"
