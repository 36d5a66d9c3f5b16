#define HONE_ISA portable
#include "device/kernels/nms/nms.inl.h"
