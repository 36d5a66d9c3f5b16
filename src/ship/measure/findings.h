// What a record of frames shows: figures with what may be claimed of them, and what is odd.
#pragma once

#include <string>

#include "ship/measure/claims.h"
#include "ship/measure/drift.h"
#include "ship/measure/modes.h"
#include "ship/measure/outliers.h"
#include "ship/measure/stats.h"
#include "ship/measure/timeline.h"

namespace hone::ship {

struct Findings {
  Summary latency_ms;  // of whole frames, from the scheduled instant in rate mode
  // Of the parts. infer and wait (from the instant a frame is due until work on it begins): in
  // rate mode and with stages; the others with stages only.
  std::optional<Summary> wait_ms, preprocess_ms, infer_ms, postprocess_ms;
  struct Claim {
    double p = 0;
    std::optional<QuantileInterval> interval;
    std::optional<double> bound_ms;
  };
  // By percentile of latency_ms; of infer_ms, where there is one.
  std::vector<Claim> claims, infer_claims;
  Outliers outliers;
  Modes modes;
  Drift drift;  // of service times: waiting in a queue is no slower machine
  std::vector<TimelineBucket> timeline;
  Histogram histogram;
  std::vector<Minute> minutes;
};

// watched: page faults and switches were read for every frame.
Findings find(const Record& record, bool watched);

// What somebody should do something about, one line each.
std::vector<std::string> warnings_of(const Findings& f, const Record& record);

}  // namespace hone::ship
