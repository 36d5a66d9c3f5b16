// Frames at a fixed rate, as a camera gives them (MLPerf LoadGen's ConstantStream).
//
// Frame i is due at i periods. Its latency counts from that instant, whenever work on it could
// begin, so a stall is paid for by every frame that waited ("coordinated omission" otherwise). The
// deadline is the period: a result later than one period after its frame was due is a miss.
#pragma once

#include "ship/measure/closed.h"

namespace hone::ship {

struct RateOptions {
  double per_second = 30;
  // What happens to frames that came while the device was busy. false: every frame is served, in
  // order, however late (LoadGen; a recorder). true: the newest is taken and those before it are
  // skipped (a camera's latest-frame buffer).
  bool drop = false;
};

// scheduled = frames served + skipped, always.
struct RateCount {
  double period_ns = 0;
  int64_t scheduled = 0;
  int64_t skipped = 0;  // never served: dropped for a newer one, or still waiting when given up
  int64_t misses = 0;   // no result within a period: served too late, or skipped
  int64_t longest_streak = 0;  // most misses in a row
  bool gave_up = false;        // the frames could not be served within give_up_factor durations
};

// A device slower than the stream would serve its backlog for ever. Not where frames are dropped.
constexpr double give_up_factor = 3;

// round(rate x duration) frames, at least min_samples; more where skipping left fewer samples than
// that. Errors: those of the workload.
Result<RateCount> run_rate(TimeSource& time, Workload& work, const Extent& extent,
                           const RateOptions& options, const OnSample& sample);

}  // namespace hone::ship
