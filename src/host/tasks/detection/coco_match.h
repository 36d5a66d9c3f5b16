// Which detections find which truths in one picture, by the rules of pycocotools' evaluateImg.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "host/tasks/detection/boxes.h"

namespace hone::tasks::coco {

constexpr int thresholds = 10;       // of IoU, 0.50:0.05:0.95
constexpr int max_detections = 100;  // of a class in a picture
// By a truth's area in pixels: all, small up to 32 x 32, medium up to 96 x 96, large.
enum Area : int { all = 0, small = 1, medium = 2, large = 3 };
constexpr int areas = 4;

// One detection; bit t of the masks is IoU threshold t.
struct Found {
  float score = 0;
  int32_t picture = 0;
  int32_t rank = 0;  // among those of its class in its picture, by score
  std::array<uint16_t, areas> matched{};
  std::array<uint16_t, areas> ignored{};  // neither right nor wrong: of a crowd, of another area
};

struct Counts {
  int32_t picture = 0;
  std::array<int32_t, areas> truths{};  // that count in each area range
};

// Of one class in one picture; the boxes are finite. Appends to `found` at most max_detections, by
// score.
Counts match(int32_t picture, std::span<const Box> boxes, std::span<const Truth> truths,
             std::vector<Found>* found);

}  // namespace hone::tasks::coco
