// resize: ONNX Resize along two neighbouring axes, H and W.
//
//   in[0]  x  [outer, H, W, inner], dense; f32, for nearest any type of >= 8 bits
//   out[0] y  [outer, OH, OW, inner], dense, same type
//
// dims: numerator and denominator of H's scale, then of W's. A denominator of 0 takes the scale
// from attrs, as ONNX does where `scales` are given and not `sizes`; of -1, from the f32 whose bits
// the numerator is. Four more, where there are any, are the bits of the regions' ends in the order
// of attrs, in place of those. An axis whose size, scale and
// region are trivial is left as it is. Positions and weights are computed in double when the step
// runs (phase 0), so sizes may change from run to run.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

enum class ResizeMode : int32_t { nearest = 0, linear, cubic };
// ONNX's coordinate_transformation_mode and nearest_mode.
enum class ResizeTransform : int32_t {
  half_pixel = 0,
  asymmetric,
  align_corners,
  pytorch_half_pixel,
  half_pixel_symmetric,
  tf_crop_and_resize,
};
enum class ResizeNearest : int32_t { round_prefer_floor = 0, round_prefer_ceil, floor, ceil };

struct ResizeAttrs {
  ResizeMode mode;
  ResizeTransform transform;
  ResizeNearest nearest;
  int32_t antialias;  // linear and cubic: the kernel is widened where the axis shrinks
  int32_t exclude_outside;
  float cubic_a;
  float extrapolation;  // tf_crop_and_resize: what lies beyond the picture; f32 or 0
  float scale_h, scale_w;
  float roi_begin_h, roi_end_h, roi_begin_w, roi_end_w;  // tf_crop_and_resize; else 0, 1, 0, 1
};
constexpr const char* resize_attr_names =
    "mode transform nearest antialias exclude_outside *cubic_a *extrapolation *scale_h *scale_w "
    "*roi_begin_h *roi_end_h *roi_begin_w *roi_end_w";

}  // namespace hone::kernels
