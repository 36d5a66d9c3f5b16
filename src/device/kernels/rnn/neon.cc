#include "device/kernels/simd/neon.h"

#define HONE_ISA neon
#include "device/kernels/rnn/rnn.inl.h"
