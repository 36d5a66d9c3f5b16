// Engines of graphs on this machine, and what they take.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "host/engine/compile.h"
#include "ship/tune/network.h"

namespace hone::ship {

struct EngineOptions {
  Target target;  // this machine
  int threads = 1;
  plan::TimeKernel time;               // how kernels are chosen; empty: by rank
  plan::TimingCache* cache = nullptr;  // of kernels timed before, also by others; may be none
  double seconds = 2;                  // of measuring one pair
};

// Of one engine over another: the time of a run, and the 98 % interval of the ratio (0, 0 where
// there were too few rounds for one).
struct Ratio {
  double value = 1, low = 0, high = 0;
  double a_us = 0;  // median run of the first
};

class Engines {
 public:
  explicit Engines(EngineOptions options) : options_(std::move(options)) {}

  using Bytes = std::shared_ptr<const std::vector<std::byte>>;
  Result<Bytes> build(const graph::Graph& g);
  // Steps of the engines, a run of each in turns: medians.
  Result<std::vector<EngineTimes>> time_steps(const std::vector<Bytes>& engines) const;
  // Time of b / time of a, whole runs in turns, each opened at ever other addresses.
  Result<Ratio> ratio(const Bytes& a, const Bytes& b) const;

 private:
  EngineOptions options_;
  plan::TimingCache own_;
};

}  // namespace hone::ship
