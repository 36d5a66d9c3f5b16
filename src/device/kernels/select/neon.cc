#define HONE_ISA neon
#include "device/kernels/select/select.inl.h"
