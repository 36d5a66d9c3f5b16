// Frames far above the rest: kept in every figure, counted, and set beside what the operating
// system did meanwhile.
#pragma once

#include <nlohmann/json.hpp>

#include "ship/measure/record.h"

namespace hone::ship {

struct Outlier {
  double at_s = 0, ms = 0;
  uint8_t disturbance = 0;  // of Disturbance
};

struct Outliers {
  int64_t count = 0;
  double threshold_ms = 0;
  // Of the outliers; one may have several.
  int64_t faulted = 0, preempted = 0, late = 0, watched = 0, unexplained = 0;
  bool correlated = false;     // false: frames are too short to be watched, the five above are 0
  std::vector<Outlier> worst;  // at most ten, greatest first
};

// Beyond median + 10 robust standard deviations (hyperfine's rule: 14.826 MAD), the deviation taken
// as at least 0.5 % of the median so that a very quiet run does not call 1 % an outlier.
Outliers find_outliers(const Record& record, bool correlated);

// {count, threshold_ms, page_faults, preempted, woken_late, harness, unexplained,
//  worst [{at_s, ms, why}]}
nlohmann::json to_json(const Outliers& o);

}  // namespace hone::ship
