#define HONE_ISA neon
#include "device/kernels/simd/math_neon.h"
//
#include "device/kernels/simd/act.inl.h"
//
#include "device/kernels/unary/math.inl.h"
#include "device/kernels/unary/trig.inl.h"
#include "device/kernels/unary/unary.inl.h"
