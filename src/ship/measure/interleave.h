// Two subjects in turns on one clock, so that what the machine does in the meantime is done to
// both.
//
// A round is four turns, ABBA or BAAB by a coin of the seed: a drift within the round that is
// linear in time falls on both sides alike, and no side owns a phase of something periodic. A turn
// starts with one run outside the clock, which pays for the caches the other side has used; from
// then on every run is timed and none is left out.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "common/base/status.h"

namespace hone::ship {

struct Round {
  int64_t placement = 0;      // rounds of one number ran with their memory at the same addresses
  double a_ms = 0, b_ms = 0;  // the percentile of the side's runs in this round
};

struct InterleaveOptions {
  double turn_ms = 10;
  double percentile = 0.5;
  uint64_t seed = 1;
  std::function<int64_t()> now_ns;  // empty: the monotonic clock
};

// Runs of a side that a round has at least: what the percentile needs to be claimed of one round;
// of the median, which rounds average, one per turn.
int64_t least_runs(double percentile);

struct Side {
  std::function<Status()> prepare;  // before each run, outside the clock; may be empty
  std::function<Status()> run;
};

class Interleaver {
 public:
  explicit Interleaver(InterleaveOptions options);

  // One round; what it timed is appended to the samples. Errors: those of the sides.
  Result<Round> round(int64_t placement, const Side& a, const Side& b);

  const std::vector<double>& a_ms() const { return samples_[0]; }  // all, in order of time
  const std::vector<double>& b_ms() const { return samples_[1]; }

 private:
  Status turn(const Side& side, std::vector<double>* samples);

  InterleaveOptions options_;
  std::mt19937_64 random_;
  std::vector<double> samples_[2];
};

// The smallest difference between two readings of the clock that are not equal, the cost of a
// reading included: differences below it are not measured.
double clock_resolution_ms();

}  // namespace hone::ship
