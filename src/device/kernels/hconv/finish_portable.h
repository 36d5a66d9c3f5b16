// What finish.inl.h does, one element at a time.
#pragma once

#include "device/kernels/hconv/scalar.h"
#include "device/kernels/hconv/tile.h"

namespace hone::kernels::HONE_ISA {

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

}  // namespace hone::kernels::HONE_ISA
