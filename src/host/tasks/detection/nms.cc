#include "host/tasks/detection/nms.h"

#include <algorithm>

namespace hone::tasks {

std::vector<Box> nms(std::vector<Box> boxes, const NmsOptions& options) {
  std::erase_if(boxes, [&](const Box& box) {
    return !(box.score > options.score_threshold) || !is_finite(box);
  });
  std::stable_sort(boxes.begin(), boxes.end(),
                   [](const Box& a, const Box& b) { return a.score > b.score; });
  const size_t most = static_cast<size_t>(std::max(options.max_detections, 0));
  boxes.resize(std::min(boxes.size(), static_cast<size_t>(std::max(options.max_candidates, 0))));
  std::vector<Box> kept;
  for (const Box& box : boxes) {
    if (kept.size() >= most) break;
    const bool hidden = std::any_of(kept.begin(), kept.end(), [&](const Box& better) {
      return (options.class_agnostic || better.label == box.label) &&
             iou(better, box) > options.iou_threshold;
    });
    if (!hidden) kept.push_back(box);
  }
  return kept;
}

}  // namespace hone::tasks
