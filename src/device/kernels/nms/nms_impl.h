// What nms.cc shares with the file that runs.
#pragma once

#include "device/kernels/nms/nms.h"

namespace hone::kernels {

// Phase 0: one unit for each class of each picture, which lists what it keeps in the workspace.
// Phase 1: the lists one after the other.
struct NmsParams {
  int64_t batch, classes, boxes, most;
  bool center, has_overlap, has_threshold;
};

// One candidate, in scratch.
struct NmsBox {
  float x1, y1, x2, y2, score;
  int32_t index;
};

// Boxes that are kept, a block side by side, before the candidates in scratch.
constexpr int nms_block = 16;
struct NmsKept {
  float x1[nms_block], y1[nms_block], x2[nms_block], y2[nms_block], area[nms_block];
};
static constexpr int64_t nms_blocks(int64_t boxes) { return (boxes + nms_block - 1) / nms_block; }

namespace portable {
void nms_f32(const RunArgs& args);
}
namespace avx2 {
void nms_f32(const RunArgs& args);
}
namespace avx512 {
void nms_f32(const RunArgs& args);
}
namespace neon {
void nms_f32(const RunArgs& args);
}

}  // namespace hone::kernels
