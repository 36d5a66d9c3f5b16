#include "device/kernels/simd/halves_avx2.h"

#define HONE_ISA avx2
#define HONE_UNROLL _Pragma("GCC unroll 32")
#include "device/kernels/hconv/depthwise.inl.h"
#include "device/kernels/hconv/finish.inl.h"
#include "device/kernels/hconv/halves.inl.h"
#include "device/kernels/hconv/widened.h"

#include "device/kernels/hconv/tile.inl.h"

namespace hone::kernels::avx2 {

#define HONE_ROWS(h, v) \
  htile<h, 1, v>, htile<h, 2, v>, htile<h, 3, v>, htile<h, 4, v>, htile<h, 5, v>, htile<h, 6, v>
const HTileFunction htiles_bf16_6x16[] = {HONE_ROWS(Bf16, 1), HONE_ROWS(Bf16, 2)};
const HTileFunction htiles_f16_6x16[] = {HONE_ROWS(F16, 1), HONE_ROWS(F16, 2)};

}  // namespace hone::kernels::avx2
