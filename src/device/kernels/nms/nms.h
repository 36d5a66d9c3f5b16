// nms: ONNX NonMaxSuppression: of each class, boxes in the order of their scores, without those
// that overlap a better one, and how many all of that are.
//
//   in[0]  boxes      f32 [batch, n, 4], dense: corners y1 x1 y2 x2 in any order, or, with
//   `center`,
//                     x y width height
//   in[1]  scores     f32 [batch, classes, n], dense
//   in[2]  overlap    f32, one element: intersection over union above which a box is hidden;
//   absent: 0 in[3]  threshold  f32, one element: scores have to be above it; absent: every score
//   out[0] kept       i64 [batch * classes * most, 3], dense: batch, class, box. The first `count`
//                     rows are written
//   out[1] count      i64 []
//   dims[0] most      boxes of one class of one picture, 0 to n
//
// Of equal scores the box with the lower number comes first. NaN scores are never above.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct NmsAttrs {
  int32_t center;  // 0 or 1
};
constexpr const char* nms_attr_names = "center";

}  // namespace hone::kernels
