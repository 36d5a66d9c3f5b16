// Precision at fixed recalls of detections that were matched and ranked: pycocotools' accumulate.
#pragma once

#include <array>
#include <cstdint>

#include "host/tasks/detection/coco_match.h"

namespace hone::tasks::coco {

// One IoU threshold; detections are added best first.
class Curve {
 public:
  static constexpr int recalls = 101;  // 0.00:0.01:1.00

  explicit Curve(int64_t truths) : truths_(static_cast<double>(truths)) {}  // > 0

  // `times` equal detections. Of right ones only the last shapes the curve: those before it have a
  // lower recall and no higher precision.
  void add(bool right, int64_t times) {
    if (right) {
      right_ += times;
      mark();
    } else {
      wrong_ += times;
    }
  }
  double recall() const { return static_cast<double>(right_) / truths_; }
  // The mean over the recalls of the best precision at that recall or a higher one.
  double average_precision() const;

 private:
  void mark();

  double truths_;
  int64_t right_ = 0, wrong_ = 0;
  std::array<double, recalls> best_{};  // by the highest of the fixed recalls that is reached
};

}  // namespace hone::tasks::coco
