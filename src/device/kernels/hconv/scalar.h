// One element at a time: what hconv's portable kernels share.
#pragma once

#include "common/tensor/dtype.h"
#include "common/tensor/half.h"
#include "device/kernels/simd/scalar_act.h"
#include "device/kernels/simd/tile.h"

namespace hone::kernels {

inline float number_at(DType t, const void* p, int64_t i) {
  if (t == DType::f32) return static_cast<const float*>(p)[i];
  const uint16_t half = static_cast<const uint16_t*>(p)[i];
  return t == DType::bf16 ? bf16_to_f32(half) : f16_to_f32(half);
}
inline void set_number(DType t, void* p, int64_t i, float v) {
  if (t == DType::f32) {
    static_cast<float*>(p)[i] = v;
  } else {
    static_cast<uint16_t*>(p)[i] = t == DType::bf16 ? f32_to_bf16(v) : f32_to_f16(v);
  }
}

inline float finished(const Epilogue& e, float sum, const float* residual) {
  if (!residual) return scalar_act(e.act, e.a, e.b, sum);
  if (e.residual_after_act) return scalar_act(e.act, e.a, e.b, sum) + *residual;
  return scalar_act(e.act, e.a, e.b, sum + *residual);
}

}  // namespace hone::kernels
