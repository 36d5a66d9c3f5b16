// What `hone bench` does: warm up until steady, drive an engine back to back or at a rate, and say
// what may be claimed from the samples.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "ship/measure/findings.h"
#include "ship/measure/inputs.h"
#include "ship/measure/overhead.h"
#include "ship/measure/probes/monitor.h"
#include "ship/measure/rate.h"
#include "ship/measure/record.h"
#include "ship/measure/session.h"
#include "ship/measure/warmup.h"

namespace hone::ship {

// Of the run so far: for a line that lives.
struct LiveFigures {
  int64_t samples = 0;
  double spent_s = 0, total_s = 0;
  double p50_ms = 0, p99_ms = 0;  // of the last 1,000 frames
  double max_ms = 0;              // of all
};

struct BenchOptions {
  double duration_s = 3;
  int64_t min_samples = 11;
  double max_warmup_s = 30;
  std::optional<RateOptions> rate;  // nullopt: back to back
  std::vector<Dims> shapes;         // empty: the session's default shapes
  Inputs inputs;                    // without samples: noise, one of it where `same` is set
  std::optional<double> load_ms;    // what opening the session took, if the caller timed it
  int64_t capacity = Record::default_capacity;
  std::string machine_root = "/";  // below which /proc and /sys are read; another in tests
  // Called a few times a second: samples so far, seconds spent, seconds in all.
  std::function<void(int64_t, double, double)> progress;
  std::function<void(const LiveFigures&)> live;  // as often; costs some microseconds
};

struct BenchResult {
  Record record;
  Findings findings;
  Summary latency_ms;  // findings.latency_ms: of whole frames, with stages from capture to result
  std::optional<RateCount> rate;
  double rate_per_second = 0;
  WarmUp warmup;
  std::optional<double> load_ms, bind_ms;  // where they were timed
  double first_ms = 0;                     // the first frame, before warm-up
  Overhead overhead;
  Evidence evidence;
  std::vector<std::string> warnings;
  nlohmann::json memory, energy, conditions;
  std::vector<std::pair<std::string, double>> steps_us;  // layer (kernel), of the last run
};

// Inference alone, on noise or the inputs given.
Result<BenchResult> bench(Session& session, const BenchOptions& options);

// Frames of `work`, which runs `session`, already bound. Nothing of options.shapes, options.inputs.
Result<BenchResult> bench(Session& session, Workload& work, const BenchOptions& options);

// docs/measuring.md says what the keys mean.
nlohmann::json to_json(const BenchResult& r);

}  // namespace hone::ship
