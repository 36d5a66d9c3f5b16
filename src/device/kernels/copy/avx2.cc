#define HONE_ISA avx2
#include "device/kernels/simd/move_avx2.h"
//
#include "device/kernels/copy/rows.inl.h"
//
#include "device/kernels/copy/bytes.inl.h"
#include "device/kernels/copy/words.inl.h"
