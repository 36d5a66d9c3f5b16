// lstm: ONNX LSTM over the whole sequence, layout 0, without per-batch sequence lengths.
//
//   in[0] x   f32 [S, B, I] dense        in[1] w   f32 [D, 4H, I], gates i o f c; may be packed
//   in[2] r   f32 [D, 4H, H], may be packed   in[3] bias f32 [D, 8H], optional (absorbed or raw)
//   in[4] h0  f32 [D, B, H], optional    in[5] c0  f32 [D, B, H], optional
//   in[6] p   f32 [D, 3H] peepholes (i o f), optional
//   in[7] lens i32 [B], optional: steps beyond lens[b] give 0 in y and leave the state as it was
//   out[0] y  f32 [S, D, B, H], optional; out[1] h [D, B, H], optional; out[2] c [D, B, H],
//   optional
//
// D = 2 for direction 2 (bidirectional), else 1. Activations f, g, h default to sigmoid, tanh,
// tanh; parameters of those that take any are ONNX's defaults (hard_sigmoid 0.2 0.5, leaky_relu
// 0.01, elu 1). Operands at the end may be left out. input_forget: f = 1 - i.
#pragma once

#include "device/kernels/activation.h"
#include "device/kernels/kernel.h"

namespace hone::kernels {

struct LstmAttrs {
  int32_t hidden;
  int32_t direction;  // 0 forward, 1 reverse, 2 bidirectional
  float clip;         // gates' inputs clipped to [-clip, clip]; 0: not
  int32_t input_forget;
  Act f, g, h;     // for the first direction
  Act f2, g2, h2;  // for the second
};
constexpr const char* lstm_attr_names = "hidden direction *clip input_forget f g h f2 g2 h2";

}  // namespace hone::kernels
