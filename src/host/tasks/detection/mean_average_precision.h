// Average precision of detections, by the rules of pycocotools 2.0 (COCOeval, iouType "bbox"),
// whose numbers these are.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "host/tasks/detection/boxes.h"

namespace hone::tasks {

// All in [0, 1]; NaN where there is nothing to measure on (pycocotools says -1).
struct ClassPrecision {
  int64_t truths = 0;  // without crowds
  double map50_95 = 0, map50 = 0, recall = 0;
};

struct PrecisionSummary {
  double map50_95 = 0, map50 = 0, map75 = 0, map_small = 0, map_medium = 0, map_large = 0;
  double recall_1 = 0, recall_10 = 0,
         recall_100 = 0;  // with at most so many boxes a class, picture
  double recall_small = 0, recall_medium = 0, recall_large = 0;
  std::vector<ClassPrecision> classes;  // by label, up to the largest that a truth has

  // COCOeval.stats, in its order.
  std::array<double, 12> stats() const {
    return {map50_95, map50,     map75,      map_small,    map_medium,    map_large,
            recall_1, recall_10, recall_100, recall_small, recall_medium, recall_large};
  }
};

// mAP50-95 in percent over these pictures by index; an index may stand there more than once and
// counts as often (of boxes with equal scores, copies of one stand together). What the gate's
// bootstrap asks of a metric.
using MapOverPictures = std::function<double(std::span<const int32_t>)>;

class MeanAveragePrecision {
 public:
  MeanAveragePrecision();
  MeanAveragePrecision(MeanAveragePrecision&&) noexcept;
  MeanAveragePrecision& operator=(MeanAveragePrecision&&) noexcept;
  ~MeanAveragePrecision();

  // The next picture, both in its pixels. IoU 0.50:0.05:0.95; the best 100 boxes of each class, of
  // equal scores those that stand first; boxes that are not finite match nothing. Labels >= 0.
  void add(std::span<const Box> detections, std::span<const Truth> truths);

  int64_t pictures() const;
  PrecisionSummary summary() const;
  // Independent of this object and of what is added later; safe from several threads.
  MapOverPictures over_pictures() const;

 private:
  struct Records;
  std::unique_ptr<Records> records_;
};

}  // namespace hone::tasks
