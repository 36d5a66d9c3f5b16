// The two ways to drive a workload: back to back, or at a camera's pace.
#pragma once

#include <functional>

#include "ship/measure/workload.h"

namespace hone::ship {

struct Extent {
  int64_t duration = 0;     // ns
  int64_t min_samples = 0;  // however long they take
};

// Called after each frame, outside the timing.
using OnSample = std::function<void(const Sample&)>;

// Frames back to back until the duration has passed and there are min_samples. Errors: those of the
// workload.
Status run_closed(TimeSource& time, Workload& work, const Extent& extent, const OnSample& sample);

}  // namespace hone::ship
