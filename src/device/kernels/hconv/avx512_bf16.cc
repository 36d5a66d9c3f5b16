#include "device/kernels/simd/halves_avx512.h"

namespace hone::kernels::avx512_bf16 {
using namespace avx512;
}

#define HONE_ISA avx512_bf16
#define HONE_UNROLL _Pragma("GCC unroll 32")
#include "device/kernels/hconv/finish.inl.h"
#include "device/kernels/hconv/pairs_avx512.h"

#include "device/kernels/hconv/tile.inl.h"

namespace hone::kernels::avx512_bf16 {

#define HONE_ROWS(v)                                                                             \
  htile<Bf16, 1, v>, htile<Bf16, 2, v>, htile<Bf16, 3, v>, htile<Bf16, 4, v>, htile<Bf16, 5, v>, \
      htile<Bf16, 6, v>, htile<Bf16, 7, v>, htile<Bf16, 8, v>, htile<Bf16, 9, v>,                \
      htile<Bf16, 10, v>, htile<Bf16, 11, v>, htile<Bf16, 12, v>
const HTileFunction htiles_bf16_12x32[] = {HONE_ROWS(1), HONE_ROWS(2)};

}  // namespace hone::kernels::avx512_bf16
