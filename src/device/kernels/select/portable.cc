#define HONE_ISA portable
#include "device/kernels/select/select.inl.h"
