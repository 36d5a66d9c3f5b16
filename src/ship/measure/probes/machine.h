// What kind of machine and system this is, as far as it changes a measurement.
#pragma once

#include "ship/measure/probes/system_files.h"

namespace hone::ship {

// {virtual, container, smt, transparent_hugepages, aslr, clocksource, power_supply, power_mode}:
//   virtual      "no", or what tells: "KVM", "VMware, Inc. VMware7,1", "yes (hypervisor flag)"
//   container    "no", "docker", "podman", "lxc", ...
//   smt          "on": two threads share a core's units, so a neighbour halves it
//   clocksource  "tsc"; "hpet" and "acpi_pm" make each look at the clock cost about 1 us
//   power_supply "battery" or "mains"
//   power_mode   of a Jetson: "15W (mode 2)"; the platform profile of a laptop
// Each is unavailable where nothing tells.
nlohmann::json read_machine(const SystemFiles& files);

}  // namespace hone::ship
