#define HONE_ISA neon
#include "device/kernels/nms/nms.inl.h"
