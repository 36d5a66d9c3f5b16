#define HONE_ISA avx512
#include "device/kernels/simd/move_avx512.h"
//
#include "device/kernels/copy/rows.inl.h"
//
#include "device/kernels/copy/bytes.inl.h"
#include "device/kernels/copy/words.inl.h"
