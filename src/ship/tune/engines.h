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
  plan::TimeKernel time;  // how kernels are chosen; empty: by rank
  double seconds = 2;     // of measuring one pair
};

class Engines {
 public:
  explicit Engines(EngineOptions options) : options_(std::move(options)) {}

  using Bytes = std::shared_ptr<const std::vector<std::byte>>;
  // Kernels timed before are not timed again.
  Result<Bytes> build(const graph::Graph& g);
  // Steps of two engines, a run of the one and a run of the other in turns: medians.
  Result<std::pair<EngineTimes, EngineTimes>> time_steps(const Bytes& a, const Bytes& b) const;
  // Time of b / time of a, whole runs in turns.
  Result<double> ratio(const Bytes& a, const Bytes& b) const;

 private:
  EngineOptions options_;
  plan::TimingCache cache_;
};

}  // namespace hone::ship
