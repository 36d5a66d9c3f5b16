#include "device/kernels/simd/halves_avx2.h"

#define HONE_ISA avx2
#define HONE_UNROLL _Pragma("GCC unroll 32")
#include "device/kernels/conv/depthwise.inl.h"
#include "device/kernels/hconv/finish.inl.h"
#include "device/kernels/hconv/widened.h"

#include "device/kernels/hconv/tile.inl.h"

namespace hone::kernels::avx2 {

#define HONE_ROWS(h, v) \
  htile<h, 1, v>, htile<h, 2, v>, htile<h, 3, v>, htile<h, 4, v>, htile<h, 5, v>, htile<h, 6, v>
const HTileFunction htiles_bf16_6x16[] = {HONE_ROWS(Bf16, 1), HONE_ROWS(Bf16, 2)};
const HTileFunction htiles_f16_6x16[] = {HONE_ROWS(F16, 1), HONE_ROWS(F16, 2)};

void hconv_dw_run(const RunArgs& args) {
  const HConvParams& p = *static_cast<const HConvParams*>(args.params);
  const bool floats = p.y_type == DType::f32;
  if (p.type == DType::bf16) {
    return floats ? run_dw<Bf16, float>(p.conv, args) : run_dw<Bf16, Bf16>(p.conv, args);
  }
  return floats ? run_dw<F16, float>(p.conv, args) : run_dw<F16, F16>(p.conv, args);
}

}  // namespace hone::kernels::avx2
