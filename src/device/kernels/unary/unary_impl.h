// What unary.cc shares with the files that run.
#pragma once

#include "device/kernels/unary/unary.h"

namespace hone::kernels {

struct UnaryParams {
  int64_t count;
  UnaryAttrs attrs;
  DType dtype;
};

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
// Unary up to sign, here and for avx512.
void unary_row(int32_t op, float a, float b, const float* x, float* y, int64_t n);
}  // namespace avx2

namespace avx512 {
void unary_f32(const RunArgs& args);
void act_f32(Act act, float a, float b, const float* x, float* y, int64_t n);
void unary_row(int32_t op, float a, float b, const float* x, float* y, int64_t n);
}  // namespace avx512

}  // namespace hone::kernels
