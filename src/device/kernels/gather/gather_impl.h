// What gather.cc shares with the file that runs.
#pragma once

#include "device/kernels/chunks.h"
#include "device/kernels/gather/gather.h"

namespace hone::kernels {

struct GatherParams {
  int64_t total;      // elements of y
  int64_t axis_size;  // of x
  int64_t indices;    // how many
  int64_t inner;      // elements of x(axis..]
  int32_t bytes;      // of one element
  bool wide;          // indices are i64
};

namespace portable {
void gather_any(const RunArgs& args);
}
namespace avx2 {
void gather_any(const RunArgs& args);
}
namespace avx512 {
void gather_any(const RunArgs& args);
}
namespace neon {
void gather_any(const RunArgs& args);
}

}  // namespace hone::kernels
