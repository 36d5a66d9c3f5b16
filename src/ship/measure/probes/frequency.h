// What sets the clock of the processors, and what it is now.
#pragma once

#include "ship/measure/probes/system_files.h"

namespace hone::ship {

struct Frequency {
  std::vector<int64_t> khz;  // of the CPUs asked for, those that could be read
  std::string why;           // where none could
  int64_t min() const;       // khz is not empty
  int64_t max() const;
};

// What cpufreq says of each CPU now. Not /proc/cpuinfo: a virtual machine says a constant there.
Frequency read_frequency(const SystemFiles& files, const std::vector<int>& cpus);

// {"min", "max"} in kHz, or unavailable.
nlohmann::json to_json(const Frequency& f);

// "performance", or "performance (cpus 0-3), powersave (cpus 4-7)", or unavailable.
nlohmann::json read_governor(const SystemFiles& files, const std::vector<int>& cpus);

// "on", "off" or unavailable; of intel_pstate or of acpi-cpufreq / amd-pstate.
nlohmann::json read_turbo(const SystemFiles& files);

// The lowest of the limits set on these CPUs and what the hardware could do: {"khz", "of_khz"};
// unavailable without cpufreq. khz < of_khz: somebody has capped them.
nlohmann::json read_frequency_limit(const SystemFiles& files, const std::vector<int>& cpus);

}  // namespace hone::ship
