// What pad.cc shares with the file that runs.
#pragma once

#include "device/kernels/pad/pad.h"

namespace hone::kernels {

struct PadParams {
  PadMode mode;
  int32_t bytes;  // of one element
  int32_t rank;   // >= 1; neighbouring dimensions without pads are one
  bool has_value;
  int64_t x_size[max_rank], y_size[max_rank];
  int64_t begin[max_rank];     // negative where the front is cropped
  int64_t x_stride[max_rank];  // in elements
  int64_t inner;               // contiguous elements below the last dimension
  int64_t rows;                // of y: everything above the last dimension
  int64_t rows_per_unit;
};

namespace portable {
void pad_any(const RunArgs& args);
}
namespace avx2 {
void pad_any(const RunArgs& args);
}
namespace avx512 {
void pad_any(const RunArgs& args);
}
namespace neon {
void pad_any(const RunArgs& args);
}

}  // namespace hone::kernels
