// Closed-loop latency of an engine: back to back, one at a time.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "ship/measure/session.h"
#include "ship/measure/stats.h"

namespace hone::ship {

struct BenchOptions {
  double duration_s = 3;
  int64_t min_samples = 11;
  double max_warmup_s = 2;
  std::vector<Dims> shapes;  // empty: the session's default shapes
  // Called a few times a second: samples so far, seconds spent, seconds in all.
  std::function<void(int64_t, double, double)> progress;
};

struct BenchResult {
  Summary latency_ms;
  std::vector<double> samples_ms;  // in order of time
  int64_t warmup_runs = 0;
  bool steady = false;  // warm-up ended because runs had settled
  std::vector<std::string> warnings;
  nlohmann::json memory, energy, conditions;
  std::vector<std::pair<std::string, double>> steps_us;  // layer (kernel), of the last run
};

// Warms up until the medians of two successive windows agree within 2 % (at most max_warmup_s),
// then runs for the duration and at least min_samples. Inputs are seeded noise. Outliers are kept.
Result<BenchResult> bench(Session& session, const BenchOptions& options);

// {"schema": 1, "samples", "latency_ms", "memory", "energy", "conditions", "warnings"}
nlohmann::json to_json(const BenchResult& r);

// Noise of a fixed seed for an input: floats in [-1, 1), integers small and >= 0.
Tensor random_input(const IoInfo& io, const Dims& dims, uint64_t seed);

}  // namespace hone::ship
