#define HONE_ISA portable
#include "device/kernels/topk/topk.inl.h"
