// What unary.cc shares with the files that run.
#pragma once

#include "device/kernels/chunks.h"
#include "device/kernels/unary/unary.h"

namespace hone::kernels {

struct UnaryParams {
  int64_t count;
  UnaryAttrs attrs;
  DType dtype;
};

// Static: the linker must not give an ISA file's copy to every CPU.
static constexpr bool is_test(int32_t op) {
  return op == static_cast<int>(Unary::is_nan) || op == static_cast<int>(Unary::is_inf);
}

// The functions of f32 that the vector kernels and their unary_row have.
static constexpr bool has_vector_form(int32_t op, float a) {
  if (op <= static_cast<int>(Unary::sign)) return true;
  switch (static_cast<Unary>(op)) {
    case Unary::sin:
    case Unary::cos:
    case Unary::tan:
    case Unary::is_nan:
    case Unary::is_inf:
    case Unary::softsign:
    case Unary::selu:
    case Unary::thresholded_relu:
    case Unary::shrink: return true;
    case Unary::celu: return a > 0;  // exp of a positive number is no part of it
    default: return false;
  }
}

namespace portable {
void unary_any(const RunArgs& args);
void unary_f32(const RunArgs& args);
// y[i] = act(x[i]); y may be x. Other families' epilogues over rows in cache.
void act_f32(Act act, float a, float b, const float* x, float* y, int64_t n);
// y[i] = op(x[i]), op an Act or a Unary with an f32 result; y may be x.
void unary_row(int32_t op, float a, float b, const float* x, float* y, int64_t n);
}  // namespace portable

namespace avx2 {
void unary_f32(const RunArgs& args);
void act_f32(Act act, float a, float b, const float* x, float* y, int64_t n);
// What has_vector_form, but no tests, here and for avx512.
void unary_row(int32_t op, float a, float b, const float* x, float* y, int64_t n);
}  // namespace avx2

namespace avx512 {
void unary_f32(const RunArgs& args);
void act_f32(Act act, float a, float b, const float* x, float* y, int64_t n);
void unary_row(int32_t op, float a, float b, const float* x, float* y, int64_t n);
}  // namespace avx512

namespace neon {
void unary_f32(const RunArgs& args);
void act_f32(Act act, float a, float b, const float* x, float* y, int64_t n);
void unary_row(int32_t op, float a, float b, const float* x, float* y, int64_t n);
}  // namespace neon

}  // namespace hone::kernels
