#include <string.h>

#include <cstdint>

namespace hone::kernels::portable {
namespace {
void move_bytes(uint8_t* y, const uint8_t* x, int64_t n) { ::memcpy(y, x, static_cast<size_t>(n)); }
}  // namespace
}  // namespace hone::kernels::portable

#define HONE_ISA portable
#include "device/kernels/pad/pad.inl.h"
