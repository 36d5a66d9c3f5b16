// What the control groups of this process grant: CPU time, CPUs, memory; both versions.
#pragma once

#include "ship/measure/probes/system_files.h"

namespace hone::ship {

struct Cgroup {
  int version = 0;  // 2, 1; 0: none found (why says so)
  std::string why;
  // The folders, relative to the root, from the group of this process up to the one that is
  // mounted: a limit of any of them binds. By controller for version 1, one list for version 2.
  std::vector<std::string> cpu, memory, cpuset;
};

// From proc/self/cgroup and proc/self/mountinfo.
Cgroup find_cgroup(const SystemFiles& files);

struct CgroupUsage {
  // Since the groups exist, summed over those above: only a rise means something.
  std::optional<int64_t> nr_throttled, throttled_us;
};
CgroupUsage read_usage(const SystemFiles& files, const Cgroup& group);

// Highest memory of the group since it exists (memory.peak, max_usage_in_bytes), page cache and
// other processes included.
std::optional<int64_t> cgroup_peak_bytes(const SystemFiles& files, const Cgroup& group);

// {version, cpu_max, memory_max, cpuset}: cpu_max "50000 100000" is microseconds per period, or
// "max ..." (no limit); memory_max in bytes or "max". What cannot be read is unavailable.
nlohmann::json read_limits(const SystemFiles& files, const Cgroup& group);

}  // namespace hone::ship
