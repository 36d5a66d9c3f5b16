// Energy counters of Intel and AMD processors, by the kernel's power capping files.
#pragma once

#include "ship/measure/probes/energy_meter.h"

namespace hone::ship {

// The udev rule that lets everybody read them; root alone may since kernel 5.10 (CVE-2020-8694).
extern const char* const rapl_udev_rule;

// Nothing where the machine has no such files. The total is that of the packages; memory ("dram")
// is beside it, the whole board ("psys") contains it.
std::optional<EnergySource> find_rapl(const EnergyOptions& options);

}  // namespace hone::ship
