// Temperatures the machine tells.
#pragma once

#include "ship/measure/probes/system_files.h"

namespace hone::ship {

struct Temperature {
  std::string name;  // type of the zone, "x86_pkg_temp"; or "k10temp Tctl"
  double celsius = 0;
};

// Thermal zones, else the sensors of CPUs among hwmon's (coretemp, k10temp, zenpower, cpu_thermal).
// Readings outside -50 to 200 C are left out: a sensor that is switched off says -273 or 0x7fff.
std::vector<Temperature> read_temperatures(const SystemFiles& files);

// {"x86_pkg_temp": 54.0, ...}, or unavailable. Of zones with one name the hottest.
nlohmann::json to_json(const std::vector<Temperature>& temperatures);

}  // namespace hone::ship
