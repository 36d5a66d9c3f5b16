#define HONE_ISA avx512
#include "device/kernels/topk/topk.inl.h"
