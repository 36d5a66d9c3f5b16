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
void binary_16bit(const RunArgs& args);
// y[i] = op(a[i], b[i]) for functions with an f32 result, one value for an operand that does not
// step; y may be an operand that steps.
void binary_row(Binary op, const float* a, bool step_a, const float* b, bool step_b, float* y,
                int64_t n);
}  // namespace portable
namespace avx2 {
void binary_f32(const RunArgs& args);
void binary_16bit(const RunArgs& args);
void binary_int(const RunArgs& args);
// All but mod and fmod.
void binary_row(Binary op, const float* a, bool step_a, const float* b, bool step_b, float* y,
                int64_t n);
}  // namespace avx2
namespace avx512 {
void binary_f32(const RunArgs& args);
void binary_16bit(const RunArgs& args);
void binary_int(const RunArgs& args);
// All but mod and fmod.
void binary_row(Binary op, const float* a, bool step_a, const float* b, bool step_b, float* y,
                int64_t n);
}  // namespace avx512
namespace neon {
void binary_f32(const RunArgs& args);
void binary_16bit(const RunArgs& args);
void binary_int(const RunArgs& args);
// All but mod and fmod.
void binary_row(Binary op, const float* a, bool step_a, const float* b, bool step_b, float* y,
                int64_t n);
}  // namespace neon

}  // namespace hone::kernels
