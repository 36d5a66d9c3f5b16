// What is measured: one frame of it at a time.
#pragma once

#include "common/base/status.h"
#include "ship/measure/time_source.h"

namespace hone::ship {

// Moments of one frame, ns, on the clock of the loop; begin <= preprocessed <= inferred <= end.
// Without stages preprocessed = begin and inferred = end.
struct FrameTimes {
  int64_t begin = 0, preprocessed = 0, inferred = 0, end = 0;
};

class Workload {
 public:
  virtual ~Workload() = default;
  // Are preprocessing and postprocessing part of the frame?
  virtual bool staged() const { return false; }
  // Outside the timing, before run(): puts frame number `frame` where run() finds it.
  virtual Status prepare(int64_t frame) = 0;
  virtual Result<FrameTimes> run(TimeSource& time) = 0;
};

// One measured frame, durations in ns.
struct Sample {
  int64_t at = 0;       // since the measurement began: its scheduled instant, or its begin
  int64_t latency = 0;  // wait + preprocess + infer + postprocess
  int64_t wait = 0;     // from the scheduled instant until work began; 0 back to back
  int64_t preprocess = 0, infer = 0, postprocess = 0;
};

// From the scheduled instant to the result; `origin` is when the measurement began.
inline Sample sample_of(const FrameTimes& t, int64_t scheduled, int64_t origin) {
  return {scheduled - origin,       t.end - scheduled,           t.begin - scheduled,
          t.preprocessed - t.begin, t.inferred - t.preprocessed, t.end - t.inferred};
}

}  // namespace hone::ship
