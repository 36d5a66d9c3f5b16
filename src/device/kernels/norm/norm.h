// norm: y = (x - mean) / sqrt(variance + epsilon) * scale + bias: layer, RMS, group and instance
// normalisation.
//
//   in[0]  x      f32 [outer, rows, groups, size], dense
//   in[1]  scale  f32 [groups * size], dense, optional
//   in[2]  bias   f32 [groups * size], dense, optional
//   out[0] y      f32, x's shape, dense; may share memory with x
//   out[1] mean   f32 [outer, groups], dense, optional
//   out[2] inverse deviation  f32 [outer, groups], dense, optional
//
// Each (outer, group) is normalised over its rows x size elements. Layer normalisation has one row
// and one group, group normalisation of a channels-last picture its pixels as rows, instance
// normalisation besides a group for each channel. centre = 0 (RMS): mean is taken as 0. Moments are
// summed in two passes, wider than f32.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct NormAttrs {
  int32_t centre;
  float epsilon;
};
constexpr const char* norm_attr_names = "centre *epsilon";

}  // namespace hone::kernels
