// What conv's bind functions check once for all kernels, and what its run functions read.
#pragma once

#include "device/kernels/conv/conv.h"

namespace hone::kernels {

struct ConvParams {
  int64_t batch, h, w, c;  // x
  int64_t oh, ow, o;       // y
  int64_t cg, og;          // channels of x and of y in one group
  int64_t x_row, y_row, r_row;  // elements from one pixel to the next; r_row 0: no residual
  int64_t groups, kh, kw, sh, sw, dh, dw, pt, pl;
  Act act;
  float act_a, act_b;
  bool bias;                // in[2] is read
  bool residual_after_act;
  // Blocking of the kernels that work in tiles of pixels times panels of output channels.
  int64_t pixels_per_unit, panels_per_unit;  // of one unit of work
  int64_t pixel_units, panel_units;          // units: groups x panel_units x pixel_units
  bool panels_outermost;                     // order in which a thread walks them

  int64_t taps() const { return kh * kw; }
  int64_t pixels() const { return batch * oh * ow; }
};
static_assert(sizeof(ConvParams) <= max_params_bytes);

// Checks x, residual, y and the attributes against each other (not weights and bias) and fills
// all but `bias` and the blocking. nullptr, or the reason for refusing.
const char* check_conv(const Step& step, ConvParams* p);
// The same for in[1] and in[2] as they come from the model: raw weights, raw bias or none.
const char* check_conv_raw_weights(const Step& step, ConvParams* p);

void conv_f32_portable_run(const RunArgs& args);
void conv_dw_f32_portable_run(const RunArgs& args);

}  // namespace hone::kernels
