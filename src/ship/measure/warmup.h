// Warm-up until runs are steady: a test, not a number of runs.
#pragma once

#include <optional>
#include <vector>

#include "ship/measure/workload.h"

namespace hone::ship {

// Steady: two adjacent windows whose medians differ by at most 1 % and each of which has a robust
// coefficient of variation (1.4826 MAD / median) of at most 2.5 %. A window ends with the run that
// makes it both min_runs and min_ns long.
class SteadyTest {
 public:
  static constexpr double median_change = 0.01, variation = 0.025;
  static constexpr size_t min_runs = 10;
  static constexpr int64_t min_ns = 50'000'000;

  // One run of `service` ns that ended `now`.
  void add(int64_t service, int64_t now);
  bool steady() const { return steady_; }
  int windows() const { return windows_; }
  // Of the last whole window (of what there is before the first): why it is not steady.
  double last_change() const { return change_; }        // between medians; 0 before two windows
  double last_variation() const { return variation_; }  // of the last window

 private:
  std::vector<double> window_;
  std::optional<int64_t> begin_;
  double before_ = 0, before_variation_ = 0, change_ = 0, variation_ = 0;
  int windows_ = 0;
  bool steady_ = false;
};

struct WarmUp {
  int64_t runs = 0;
  double seconds = 0;
  bool steady = false;
  int64_t typical_ns = 0;  // median service time of the last runs; 0 without one
  std::string why;         // not steady: what was seen, and what to do
};

// Runs frames back to back, or one every `period` ns where that is not 0 (a paced device clocks
// down and its caches cool, so it is warmed up as it will be measured), until the test says steady
// or `cap` ns have passed. cap 0: no run. Errors: those of the workload.
Result<WarmUp> warm_up(TimeSource& time, Workload& work, int64_t cap, int64_t period);

}  // namespace hone::ship
