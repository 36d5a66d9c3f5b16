// sample: pixels of x at the places of a grid, channels last: ONNX GridSample.
//
//   in[0]  x     f32 [N, D, H, W, C], dense; axes that the grid does not name have size 1
//   in[1]  grid  f32 [N, P, axes], dense; -1 .. 1 spans an axis, the last axis of x comes first
//   out[0] y     f32 [N, P, C], dense
//
// Places are computed in double and rounded to f32, which decides what is nearest.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

enum class SampleMode : int32_t { nearest = 0, linear, cubic };
enum class SamplePadding : int32_t { zeros = 0, border, reflection };

struct SampleAttrs {
  SampleMode mode;
  SamplePadding padding;
  int32_t align_corners;  // -1 and 1 are the centres of the outer pixels, not their outer edges
};
constexpr const char* sample_attr_names = "mode padding align_corners";

}  // namespace hone::kernels
