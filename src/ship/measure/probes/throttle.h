// Evidence that the machine held itself, or was held, back.
#pragma once

#include <map>

#include "ship/measure/probes/cgroup.h"
#include "ship/measure/probes/raspberry_pi.h"

namespace hone::ship {

struct ThrottleState {
  std::map<std::string, int64_t> counts;  // events since boot (or since the group exists)
  std::map<std::string, int64_t> levels;  // of CPU cooling devices that hold back now; 0: not
  std::optional<uint32_t> pi_bits;
  std::vector<std::string> sources;  // what could be read at all; empty: nothing
  // One of them tells of the processor itself, not only of a limit set on this process.
  bool of_processor = false;
};

// x86 core and package throttle counts of the CPUs, Jetson's over-current counts, cooling devices
// of CPUs, a Raspberry Pi's bits (by sysfs, else by vcgencmd where `commands` may be started), the
// control group's throttled periods.
ThrottleState read_throttle(const SystemFiles& files, const std::vector<int>& cpus,
                            const Cgroup& group, const RunCommand& commands);

// What happened between two readings, one line each; nothing: no evidence.
std::vector<std::string> throttle_evidence(const ThrottleState& before, const ThrottleState& after);

// {"name": count, ..., "raspberry_pi": {"bits": "0x50000", "means": [..]}}, or unavailable.
nlohmann::json to_json(const ThrottleState& t);

}  // namespace hone::ship
