// What binary.cc shares with the files that run.
#pragma once

#include "device/kernels/binary/binary.h"
#include "device/kernels/loops.h"

namespace hone::kernels {

struct BinaryParams {
  Loops<2> loops;  // over y, with the strides of a and b; innermost strides are 0 or 1
  BinaryAttrs attrs;
  DType dtype;  // of a and b
};

namespace portable {
void binary_any(const RunArgs& args);
void binary_f32(const RunArgs& args);
}  // namespace portable
namespace avx2 {
void binary_f32(const RunArgs& args);
}
namespace avx512 {
void binary_f32(const RunArgs& args);
}

}  // namespace hone::kernels
