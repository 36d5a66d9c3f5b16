// What the harness itself costs: a workload that does nothing, through the same loops.
#pragma once

#include <nlohmann/json.hpp>

#include "ship/measure/workload.h"

namespace hone::ship {

struct Overhead {
  double frame_us = 0;  // median latency of a frame that does nothing: within every sample
  double frame_p99_us = 0;
  double between_us = 0;  // median from one frame's end to the next one's begin
  bool paced = false;
  double wake_us = 0, wake_p99_us = 0;  // paced: from the instant a frame is due to its begin
};

// Some 2,000 frames back to back; with a rate 50 more, one a millisecond. At most 80 ms.
Overhead measure_overhead(TimeSource& time, bool paced);

// {frame, frame_p99, between} and where paced {wake, wake_p99}
nlohmann::json to_json(const Overhead& o);

}  // namespace hone::ship
