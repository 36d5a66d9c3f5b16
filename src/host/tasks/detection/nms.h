// Non-maximum suppression: of boxes that mean the same object, the best one stays.
#pragma once

#include <vector>

#include "host/tasks/detection/boxes.h"

namespace hone::tasks {

struct NmsOptions {
  float iou_threshold = 0.65f;     // a box that overlaps a better one by more is dropped
  float score_threshold = 0.001f;  // only boxes above it are looked at
  int32_t max_detections = 100;    // at most so many stay, of all classes together
  int32_t max_candidates = 30000;  // the best so many are looked at: bounds the time
  bool class_agnostic = false;     // boxes of different classes suppress each other too
};

// Greedy, as torchvision.ops.batched_nms: best score first, of equal scores the one that stands
// first; the result is in that order. Boxes that are not finite are dropped. O(candidates x kept).
std::vector<Box> nms(std::vector<Box> boxes, const NmsOptions& options);

}  // namespace hone::tasks
