// What fill.cc shares with the file that runs.
#pragma once

#include "device/kernels/fill/fill.h"

namespace hone::kernels {

struct FillParams {
  Fill mode;
  DType dtype;
  int32_t bytes;  // of one element
  int64_t count;
  uint64_t lo, hi;   // mode value: the element, hi for the second half of 16 bytes
  int64_t dims[64];  // mode dims
};

namespace portable {
void fill_any(const RunArgs& args);
}

}  // namespace hone::kernels
