// What the machine was doing while something was measured: before, about once a second during, and
// after. Throttling is a verdict with evidence, never a guess.
#pragma once

#include <functional>

#include "ship/measure/probes/frequency.h"
#include "ship/measure/probes/load.h"
#include "ship/measure/probes/thermal.h"
#include "ship/measure/probes/throttle.h"

namespace hone::ship {

struct MonitorOptions {
  std::string root = "/";
  std::vector<int> cpus;  // empty: those this thread may run on
  double period_s = 1;
  // Runs follow each other without a pause. Otherwise a clock that falls is the governor at rest,
  // and no evidence of throttling.
  bool back_to_back = true;
  std::function<double()> now;  // seconds; empty: a monotonic clock
  RunCommand commands;          // empty: starts vcgencmd on a Raspberry Pi
};

struct Evidence {
  nlohmann::json before, during, after;  // see docs/measuring.md
  nlohmann::json throttled;              // true, false, or "unavailable: why"
  std::vector<std::string> reasons;      // one line each; empty where throttled is not true
  std::vector<std::string> sources;      // what was looked at
  std::vector<std::string> warnings;     // other tasks, stolen time, a throttled run
  // before, during, after, throttled, throttle_evidence, throttle_sources into the conditions.
  void add_to(nlohmann::json* conditions) const;
};

// Called by who measures, between samples: a thread of its own would stop a run in the middle
// wherever every core is at work, and which one cannot be said afterwards. A tick that is due costs
// about 50 us (more where a sensor is slow), of which the next sample feels cooler caches; one that
// is not costs a look at the clock. tick() says which samples those are.
class Monitor {
 public:
  explicit Monitor(MonitorOptions options = {});
  void start();
  bool tick();  // true: it has read the machine
  Evidence stop();

 private:
  struct Sample {
    double t_s = 0;
    std::optional<int64_t> khz_min, khz_max, others;
    std::optional<double> celsius;
    std::optional<int64_t> nr_throttled;
    std::optional<uint32_t> pi_bits;
  };
  struct Edge {  // before and after
    nlohmann::json json;
    ThrottleState throttle;
    std::optional<CpuTime> time;
    double t_s = 0;
  };
  double now() const;
  Edge read_edge() const;
  Sample read_sample() const;
  void find_throttling(const Edge& after, Evidence* e) const;
  void find_fallen_clock(Evidence* e) const;
  void find_slow_clock(Evidence* e) const;
  void find_others(const Edge& after, Evidence* e) const;
  nlohmann::json describe_samples() const;

  MonitorOptions options_;
  SystemFiles files_;
  std::vector<int> cpus_, watched_;  // all allowed; those read at every tick
  Cgroup cgroup_;
  Edge before_;
  double due_s_ = 0;
  std::vector<Sample> samples_;
};

}  // namespace hone::ship
