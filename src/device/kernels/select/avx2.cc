#define HONE_ISA avx2
#include "device/kernels/select/select.inl.h"
