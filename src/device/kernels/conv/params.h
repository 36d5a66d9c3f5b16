// What conv's bind functions check once for all kernels, and what its run functions read.
#pragma once

#include "device/kernels/conv/conv.h"
#include "device/kernels/simd/panels.h"

namespace hone::kernels {

struct ConvParams {
  int64_t batch, h, w, c;       // x
  int64_t oh, ow, o;            // y
  int64_t cg, og;               // channels of x and of y in one group
  int64_t x_row, y_row, r_row;  // elements from one pixel to the next; r_row 0: no residual
  int64_t groups, kh, kw, sh, sw, dh, dw, pt, pl;
  Act act;
  float act_a, act_b;
  bool bias;  // in[2] is read
  bool residual_after_act;
  bool exact_sums;
  int64_t taps;       // kh kw
  bool pointwise;     // output pixel m reads input pixel m and no other
  Blocking blocking;  // of one group, in the tiled kernels
};
static_assert(sizeof(ConvParams) <= max_params_bytes);

// Checks the attributes against the shapes of x and y, of sane sizes, and fills what they say: all
// but rows, activation, bias and blocking. nullptr, or the reason for refusing.
const char* check_conv_sizes(const ConvAttrs& a, const Shape& x, const Shape& y, ConvParams* p);
// Checks x, residual, y and the attributes against each other (not weights and bias) and fills
// all but `bias` and the blocking. nullptr, or the reason for refusing.
const char* check_conv(const Step& step, ConvParams* p);
// The same for in[1] and in[2] as they come from the model: raw weights, raw bias or none.
const char* check_conv_raw_weights(const Step& step, ConvParams* p);

void conv_f32_portable_run(const RunArgs& args);
void conv_dw_f32_portable_run(const RunArgs& args);
#if defined(__x86_64__)
namespace avx2 {
void conv_dw_f32_run(const RunArgs& args);
void conv_grouped_f32_run(const RunArgs& args);
}  // namespace avx2
namespace avx512 {
void conv_dw_f32_run(const RunArgs& args);
void conv_grouped_f32_run(const RunArgs& args);
}  // namespace avx512
#endif
namespace neon {
void conv_dw_f32_run(const RunArgs& args);
void conv_grouped_f32_run(const RunArgs& args);
}  // namespace neon

}  // namespace hone::kernels
