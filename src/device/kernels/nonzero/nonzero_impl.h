// What nonzero.cc shares with the file that runs.
#pragma once

#include "device/kernels/nonzero/nonzero.h"

namespace hone::kernels {

struct NonzeroParams {
  int64_t count;
  DType dtype;
  int32_t rank;
  int64_t size[max_rank];
};

namespace portable {
void nonzero_any(const RunArgs& args);
}

}  // namespace hone::kernels
