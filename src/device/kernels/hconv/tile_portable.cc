// hconv's tiles in plain C++.
#define HONE_ISA portable
#include "device/kernels/hconv/vectors_portable.h"

#include "device/kernels/hconv/finish_portable.h"
#include "device/kernels/hconv/widened.h"

#include "device/kernels/hconv/tile.inl.h"

namespace hone::kernels::portable {

#define HONE_ROWS(h, v) htile<h, 1, v>, htile<h, 2, v>, htile<h, 3, v>, htile<h, 4, v>
const HTileFunction htiles_bf16_4x16[] = {HONE_ROWS(Bf16, 1), HONE_ROWS(Bf16, 2)};
const HTileFunction htiles_f16_4x16[] = {HONE_ROWS(F16, 1), HONE_ROWS(F16, 2)};

}  // namespace hone::kernels::portable
