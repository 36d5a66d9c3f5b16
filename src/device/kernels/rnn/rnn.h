// rnn: the recurrence of ONNX GRU and RNN, layout 0. What the inputs give to the gates, x W' and
// their bias, comes from a gemm before.
//
//   in[0] x     f32 [S, B, D G H], gates z r h of a GRU (G = 3), the one of an RNN (G = 1)
//   in[1] r     f32 [D, H, G H]: the recurrent weights, transposed
//   in[2] bias  f32 [D, G H] of the recurrence, optional
//   in[3] h0    f32 [D, B, H], optional (0)
//   in[4] lens  i32 [B], optional: steps from lens[b] on give 0 in y and leave the state as it was
//   out[0] y    f32 [S, D, B, H], optional; out[1] h  f32 [D, B, H], optional
//
// All dense. D = 2 for direction 2 (bidirectional), else 1. Activations f and g (of a GRU's new
// state; an RNN has only f) are sigmoid, tanh or relu. reset_last: linear_before_reset.
#pragma once

#include "device/kernels/activation.h"
#include "device/kernels/kernel.h"

namespace hone::kernels {

struct RnnAttrs {
  int32_t hidden;
  int32_t gates;      // 1 or 3
  int32_t direction;  // 0 forward, 1 reverse, 2 bidirectional
  float clip;         // gates' inputs clipped to [-clip, clip]; 0: not
  int32_t reset_last;
  Act f, g;    // of the first direction
  Act f2, g2;  // of the second
};
constexpr const char* rnn_attr_names = "hidden gates direction *clip reset_last f g f2 g2";

}  // namespace hone::kernels
