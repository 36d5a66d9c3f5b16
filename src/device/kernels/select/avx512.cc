#define HONE_ISA avx512
#include "device/kernels/select/select.inl.h"
