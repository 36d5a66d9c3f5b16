// hconv's tiles in plain C++.
#define HONE_ISA portable
#include "device/kernels/hconv/vectors_portable.h"

#include "device/kernels/hconv/scalar.h"
#include "device/kernels/hconv/tile.h"
#include "device/kernels/hconv/widened.h"

namespace hone::kernels::portable {

static void finish_sums(const HTile& t, const float* sums, int rows, int64_t row) {
  for (int i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < t.columns; ++j) {
      const float* residual = nullptr;
      float r = 0;
      if (t.residual) r = number_at(t.y_type, t.residual, i * t.r_row + j), residual = &r;
      set_number(t.y_type, t.y, i * t.y_row + j,
                 finished(*t.epilogue, sums[i * row + j], residual));
    }
  }
}

}  // namespace hone::kernels::portable

#include "device/kernels/hconv/tile.inl.h"

namespace hone::kernels::portable {

#define HONE_ROWS(h, v) htile<h, 1, v>, htile<h, 2, v>, htile<h, 3, v>, htile<h, 4, v>
const HTileFunction htiles_bf16_4x16[] = {HONE_ROWS(Bf16, 1), HONE_ROWS(Bf16, 2)};
const HTileFunction htiles_f16_4x16[] = {HONE_ROWS(F16, 1), HONE_ROWS(F16, 2)};

}  // namespace hone::kernels::portable
