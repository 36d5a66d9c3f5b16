// Who else uses the processors.
#pragma once

#include <map>

#include "ship/measure/probes/system_files.h"

namespace hone::ship {

// "0.44 1.00 1.85 1/92 28977" as the kernel writes it, or unavailable.
nlohmann::json read_load(const SystemFiles& files);

// Tasks that run or wait for a processor now and are not threads of this process. Kernel threads
// count: they take time, too.
std::optional<int64_t> other_runnable(const SystemFiles& files);

// Pressure stall: share of the last 10 seconds in which some task waited, in percent, by resource
// {"cpu", "memory", "io"}; unavailable where the kernel has no PSI.
nlohmann::json read_pressure(const SystemFiles& files);

// Processor time since boot, in clock ticks (1/100 s on every Linux that matters).
struct CpuTime {
  int64_t busy = 0;   // of all CPUs, of everybody, without steal
  int64_t steal = 0;  // what the host of this virtual machine gave to others instead
  int64_t own = 0;    // of this process and its children (other runtimes run in some)
  struct Process {
    std::string name;
    int64_t ticks = 0;
  };
  std::map<int64_t, Process> others;  // by process id; the 4,096 first
};
// Reads each process once: some ms, so before and after a measurement, never during one.
std::optional<CpuTime> read_cpu_time(const SystemFiles& files);

struct OthersTime {
  double cpus = 0;      // processors that others kept busy, on average
  double steal = 0;     // processors that the host took away, on average
  std::string busiest;  // "cc1plus 0.70, ld 0.20": processors by program, the three largest
};
// Of two readings, `seconds` apart (more than 0).
OthersTime others_between(const CpuTime& before, const CpuTime& after, double seconds);

}  // namespace hone::ship
