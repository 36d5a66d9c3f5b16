// Times of an engine's steps, run after run, and of whole runs without the timers in between.
#pragma once

#include <span>
#include <vector>

#include "ship/measure/session.h"

namespace hone::ship {

class LayerTimes {
 public:
  // Binds, gives every input seeded noise, and runs until `warm_up_s` have passed, at least twice.
  static Result<LayerTimes> start(Session& session, const std::vector<Dims>& shapes,
                                  double warm_up_s);

  // One run whose steps are timed and one that is timed as a whole.
  Status add_runs();
  // add_runs() until the time is over, at least `least` and at most `most` times.
  Status run_for(double seconds, int64_t least, int64_t most);

  // A run's times of a step in microseconds, the clock's own taken off; 0 where it was not run.
  std::span<const double> step_us(int32_t step) const {
    return steps_us_[static_cast<size_t>(step)];
  }
  std::span<const double> whole_us() const { return whole_us_; }  // of the runs without timers
  std::span<const double> timed_us() const { return timed_us_; }  // of those with
  double clock_us() const { return clock_us_; }                   // of one reading
  int64_t runs() const { return static_cast<int64_t>(whole_us_.size()); }

 private:
  Status timed_run(double* us, std::vector<uint64_t>* ns);
  Status whole_run(double* us);

  Session* session_ = nullptr;
  double clock_us_ = 0;
  std::vector<std::vector<double>> steps_us_;
  std::vector<double> whole_us_, timed_us_;
};

struct Quartiles {
  double low = 0, median = 0, high = 0;
};
Quartiles quartiles(std::span<const double> samples);

}  // namespace hone::ship
