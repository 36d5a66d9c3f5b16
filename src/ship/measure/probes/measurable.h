// What can be measured on this machine beside time, and what would make the rest readable.
#pragma once

#include "ship/measure/probes/energy_meter.h"

namespace hone::ship {

struct Measurable {
  std::string what;  // "energy", "throttling", "frequency", "temperature", "memory peak"
  bool readable = false;
  std::string text;  // what tells it, or why nothing does
  std::string fix;   // not empty: what to do about it
};

// One for each kind, in a fixed order; every energy source that is there has one.
std::vector<Measurable> find_measurables(EnergyOptions options = {});

// What of these conditions (read_conditions) makes numbers noisy or slow, each with its remedy.
std::vector<std::string> quiet_hints(const nlohmann::json& conditions);

}  // namespace hone::ship
