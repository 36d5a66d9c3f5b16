// Elements of the 16-bit floats, so that loads and stores of vectors can tell them apart.
#pragma once

#include <cstdint>

namespace hone::kernels {

struct Bf16 {
  uint16_t bits;
};
struct F16 {
  uint16_t bits;
};

}  // namespace hone::kernels
