// linear_attention: ONNX LinearAttention: a state of one matrix for each head, updated and read at
// every step.
//
//   in[0]  q     f32 [B, T, Hq * DK]    Hq a multiple of H: Hq / H heads of q read one state
//   in[1]  k     f32 [B, T, H * DK]
//   in[2]  v     f32 [B, T, H * DV]
//   in[3]  past  f32 [B, H, DK, DV], optional: the state before the first step; 0 where absent
//   in[4]  gate  f32 [B, T, H] or [B, T, H * DK], optional: what the state (its rows) is multiplied
//                by before each step
//   in[5]  rate  f32 [B, T, H] or [B, T, 1], optional: the delta rule: what is added is rate (v -
//                what the state gives for k) instead of v
//   out[0] y     f32 [B, T, Hq * DV]
//   out[1] state f32 [B, H, DK, DV]: after the last step
//
// All dense. y = scale q' state, after the step's update state += k v'.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct LinearAttentionAttrs {
  int32_t q_heads, heads;
  float scale;
};
constexpr const char* linear_attention_attr_names = "q_heads heads *scale";

}  // namespace hone::kernels
