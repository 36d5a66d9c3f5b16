// What roi.cc shares with the files that run.
#pragma once

#include "device/kernels/roi/roi.h"
#include "device/kernels/simd/taps.h"

namespace hone::kernels {

struct RoiParams {
  int64_t pictures, h, w, c, oh, ow;
  RoiMode mode;
  bool half_pixel;
  int64_t ratio;
  double scale;
};

// Sums or maxima of weighted rows, of one instruction set.
using RoiCombine = void (*)(float* y, const float* x, const Tap* taps, int count, int64_t c,
                            bool more);
// A unit is a row of bins of one region.
void roi_units(const RunArgs& args, RoiCombine add, RoiCombine largest);

namespace portable {
void roi_f32(const RunArgs& args);
}
namespace avx2 {
void roi_f32(const RunArgs& args);
}
namespace avx512 {
void roi_f32(const RunArgs& args);
}
namespace neon {
void roi_f32(const RunArgs& args);
}

}  // namespace hone::kernels
