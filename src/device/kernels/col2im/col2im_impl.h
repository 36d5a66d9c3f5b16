// What col2im.cc shares with the files that run.
#pragma once

#include "device/kernels/col2im/col2im.h"

namespace hone::kernels {

struct Col2imParams {
  int64_t batch, h, w, kh, kw, c, oh, ow;
  int64_t sh, sw, dh, dw, pt, pl;
  bool bias;
  bool apart;  // the blocks lie side by side: of each result pixel one tap
};

// A unit is one row of output pixels. Calls tap(i, k) for the taps k of input positions i that fall
// on position `o` of one axis.
template <class Tap>
static inline void col2im_taps(int64_t o, int64_t pad, int64_t stride, int64_t dilation,
                               int64_t kernel, int64_t size, Tap&& tap) {
  for (int64_t k = 0; k < kernel; ++k) {
    const int64_t from = o + pad - k * dilation;
    if (from < 0) return;  // and so for all further taps
    if (from % stride == 0 && from / stride < size) tap(from / stride, k);
  }
}

namespace portable {
void col2im_f32(const RunArgs& args);
}
namespace avx2 {
void col2im_f32(const RunArgs& args);
}
namespace avx512 {
void col2im_f32(const RunArgs& args);
}
namespace neon {
void col2im_f32(const RunArgs& args);
}

}  // namespace hone::kernels
