// Energy of a measured run: what the machine used, less what it uses anyway.
#pragma once

#include "ship/measure/probes/energy_meter.h"

namespace hone::ship {

// Every way that this machine has, the one that sees an engine's own work best first: the
// processor's counters (RAPL), then the board's sensors (INA), a Raspberry Pi 5's power chip, GPUs
// last. Those that are there and not readable say why.
std::vector<EnergySource> find_energy_sources(const EnergyOptions& options = {});

// Order of calls: idle() before warm-up, start(), tick() between samples, stop(runs), idle() again,
// result(). Without a readable source all of them do nothing and cost nothing, and the result says
// why.
class EnergyProbe {
 public:
  explicit EnergyProbe(EnergyOptions options = {});
  bool available() const { return meter_ != nullptr; }
  void idle();  // sleeps idle_s; before start() and after stop()
  void start();
  bool tick();  // about once a second, so that no counter wraps unseen; true: it has read
  void stop(int64_t runs);

  // {joules_per_inference, gross_joules_per_inference, idle_watts, watts, window_s, source,
  // coverage, estimate: true, parts {name: {joules_per_inference, gross..., idle_watts}}, notes}.
  // null where there is no figure; `source` is then "unavailable: why" and `fix` may follow.
  nlohmann::json result() const;

 private:
  struct Reading {
    double t_s = 0;
    std::vector<EnergyPart> parts;
  };
  double now() const;
  bool read(Reading* r);
  // Watts by part over idle_s; empty where a reading failed.
  std::vector<double> measure_idle();
  double idle_watts(size_t part) const;  // one of the two was measured
  nlohmann::json notes(const nlohmann::json& total) const;

  EnergyOptions options_;
  std::string source_, coverage_, why_, fix_;
  std::unique_ptr<EnergyMeter> meter_;
  std::vector<double> idle_before_, idle_after_;
  Reading first_, last_;
  int64_t runs_ = 0;
  double due_s_ = 0;
};

}  // namespace hone::ship
