// The conditions a number was taken under: without them it is not a number.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace hone::ship {

// CPU, ISA in use, cores, governor, frequency, load, kernel, cgroup limits, Hone's version. What
// cannot be read is "unavailable: why".
nlohmann::json read_conditions();

// One line a person reads: "Intel Xeon, 2 cores, avx512, load 0.4".
std::string conditions_line(const nlohmann::json& conditions);

}  // namespace hone::ship
