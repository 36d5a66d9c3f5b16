// What resize.cc shares with the files that run.
//
// Phase 0 writes for every output position of an axis its taps: input positions and weights. Phase
// 1 makes output rows: the taps of H give one line as wide as x, the taps of W the row from it.
#pragma once

#include "device/kernels/resize/resize.h"

namespace hone::kernels {

struct ResizeAxis {
  int64_t in, out, taps;
  double scale, roi_begin, roi_end;
  bool same;  // nothing changes along this axis
};

struct ResizeParams {
  int64_t outer, inner;
  ResizeAxis h, w;
  ResizeMode mode;
  ResizeTransform transform;
  ResizeNearest nearest;
  bool antialias, exclude_outside;
  float cubic_a, extrapolation;
  int32_t bytes;  // of one element
  int64_t rows_per_unit;
};

// Taps of an axis, tap by tap: those of position o are at [k * out + o]. A position beyond the
// picture (tf_crop_and_resize) has the index -1 in all of them.
struct ResizeTaps {
  int32_t* index;
  float* weight;
};
static inline ResizeTaps resize_taps(const ResizeParams& p, void* workspace, bool of_w) {
  int32_t* at = static_cast<int32_t*>(workspace);
  const int64_t h = p.h.out * p.h.taps, w = p.w.out * p.w.taps;
  if (of_w) at += 2 * h;
  return {at, reinterpret_cast<float*>(at + (of_w ? w : h))};
}
// The part [begin, end) of phase 0.
void resize_make_taps(const RunArgs& args, const ResizeParams& p);

namespace portable {
void resize_any(const RunArgs& args);
}
namespace avx2 {
void resize_f32(const RunArgs& args);
}
namespace avx512 {
void resize_f32(const RunArgs& args);
}
namespace neon {
void resize_f32(const RunArgs& args);
}

}  // namespace hone::kernels
