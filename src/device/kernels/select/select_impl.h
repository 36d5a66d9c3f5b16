// What select.cc shares with the file that runs.
#pragma once

#include "device/kernels/loops.h"
#include "device/kernels/select/select.h"

namespace hone::kernels {

struct SelectParams {
  Loops<3> loops;  // over y, with the strides of c, a and b
  int32_t bytes;   // of one element: 1, 2, 4, 8 or 16
};

namespace portable {
void select_any(const RunArgs& args);
}
namespace avx2 {
void select_any(const RunArgs& args);
}
namespace avx512 {
void select_any(const RunArgs& args);
}
namespace neon {
void select_any(const RunArgs& args);
}

}  // namespace hone::kernels
