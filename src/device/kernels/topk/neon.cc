#define HONE_ISA neon
#include "device/kernels/topk/topk.inl.h"
