#define HONE_ISA neon
#include "device/kernels/simd/move_neon.h"
//
#include "device/kernels/copy/rows.inl.h"
//
#include "device/kernels/copy/bytes.inl.h"
#include "device/kernels/copy/words.inl.h"
