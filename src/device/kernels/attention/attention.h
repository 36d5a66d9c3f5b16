// attention: softmax(scale q k' + mask) v for every head, the scores of some rows at a time in
// cache.
//
//   in[0]  q      f32 [B, H, S, D]
//   in[1]  k      f32 [B, G, T, D]    H a multiple of G: H / G heads of q share one of k and v
//   in[2]  v      f32 [B, G, T, E]
//   in[3]  mask   f32 (added) or bool (false: masked) [B, H, S, M], M <= T, optional; the keys from
//                 M on are masked
//   in[4]  valid  i64 [B], optional: the keys from valid[b] on are masked
//   out[0] y      f32 [B, H, S, E]
//   dims   {offset}
//
// Any strides, the last one of q, k, v and y 1: heads are views of rows that hold them all. With a
// cap > 0 scores become cap tanh(score / cap). causal: query i sees the keys up to i + offset, with
// valid those up to i + valid[b] - S. A row all of whose keys are masked becomes zeros.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct AttentionAttrs {
  float scale, cap;
  int32_t causal;
};
constexpr const char* attention_attr_names = "*scale *cap causal";

}  // namespace hone::kernels
