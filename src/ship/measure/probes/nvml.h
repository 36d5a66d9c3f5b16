// NVIDIA's management library, where it is installed: found at run time, never linked.
#pragma once

#include "ship/measure/probes/energy_meter.h"

namespace hone::ship {

// The functions used of it, each returning NVML's code (0: success, 3: not supported).
struct Nvml {
  std::function<int()> init, shutdown;
  std::function<int(unsigned*)> count;
  std::function<int(unsigned, void**)> device;
  std::function<int(void*, char*, unsigned)> name;
  std::function<int(void*, unsigned long long*)> total_energy_mj;
};

// Errors: not_found where the library or one of the functions is missing.
Result<Nvml> load_nvml(const char* library = "libnvidia-ml.so.1");

// One part for each GPU that tells; nothing where there is no GPU. `nvml` is initialised here and
// shut down with the meter.
std::optional<EnergySource> find_nvml(const Nvml& nvml);

}  // namespace hone::ship
