#include "ship/measure/probes/thermal.h"

#include <algorithm>

namespace hone::ship {

namespace {

bool plausible(int64_t millidegrees) { return millidegrees > -50'000 && millidegrees < 200'000; }

bool of_cpu(const std::string& hwmon) {
  constexpr const char* drivers[] = {"coretemp", "k10temp", "zenpower", "cpu_thermal"};
  return std::find(std::begin(drivers), std::end(drivers), hwmon) != std::end(drivers);
}

void read_zones(const SystemFiles& files, std::vector<Temperature>* found) {
  for (const std::string& zone : files.names("sys/class/thermal", "thermal_zone")) {
    std::string folder = "sys/class/thermal/" + zone;
    auto t = files.number(folder + "/temp");
    if (!t.ok() || !plausible(*t)) continue;
    found->push_back({files.name(folder + "/type").value_or(zone), static_cast<double>(*t) * 1e-3});
  }
}

void read_sensors(const SystemFiles& files, std::vector<Temperature>* found) {
  for (const std::string& hwmon : files.names("sys/class/hwmon", "hwmon")) {
    std::string folder = "sys/class/hwmon/" + hwmon;
    auto driver = files.name(folder + "/name");
    if (!driver || !of_cpu(*driver)) continue;
    for (const std::string& leaf : files.names(folder, "temp")) {
      if (!leaf.ends_with("_input")) continue;
      auto t = files.number(folder + "/" + leaf);
      if (!t.ok() || !plausible(*t)) continue;
      std::string sensor = leaf.substr(0, leaf.size() - 6);
      std::string label = files.name(folder + "/" + sensor + "_label").value_or(sensor);
      found->push_back({*driver + " " + label, static_cast<double>(*t) * 1e-3});
    }
  }
}

}  // namespace

std::vector<Temperature> read_temperatures(const SystemFiles& files) {
  std::vector<Temperature> found;
  read_zones(files, &found);
  if (found.empty()) read_sensors(files, &found);
  return found;
}

nlohmann::json to_json(const std::vector<Temperature>& temperatures) {
  if (temperatures.empty()) return unavailable("no thermal zone");
  nlohmann::json j = nlohmann::json::object();
  for (const Temperature& t : temperatures) {
    j[t.name] = j.contains(t.name) ? std::max(j[t.name].get<double>(), t.celsius) : t.celsius;
  }
  return j;
}

}  // namespace hone::ship
