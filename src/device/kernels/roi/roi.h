// roi: regions of a picture cut into bins, channels last: ONNX RoiAlign and MaxRoiPool.
//
//   in[0]  x      f32 [N, H, W, C], dense
//   in[1]  rois   f32 [R, 4]: x1, y1, x2, y2; for pool f32 [R, 5]: the picture, then those; dense
//   in[2]  batch  i64 [R], dense: each region's picture; none for pool
//   out[0] y      f32 [R, OH, OW, C], dense
//
// average, largest: of bilinear samples at the middles of sampling_ratio^2 parts of each bin (0: as
// many as the bin has pixels, at most 4096 along an axis). largest takes the largest of the
// samples' four parts, as ONNX Runtime does. pool: the largest pixel of a bin, 0 where it has none.
// A region of a picture that is not there is 0.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

enum class RoiMode : int32_t { average = 0, largest, pool };

struct RoiAttrs {
  RoiMode mode;
  int32_t half_pixel;  // else regions are not moved by half a pixel, and at least one pixel large
  int32_t sampling_ratio;
  float spatial_scale;
};
constexpr const char* roi_attr_names = "mode half_pixel sampling_ratio *spatial_scale";

}  // namespace hone::kernels
