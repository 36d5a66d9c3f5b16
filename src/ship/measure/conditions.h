// The conditions a number was taken under: without them it is not a number.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "hone/hone.h"

namespace hone::ship {

// What this machine is and how it is set: CPU, ISA in use, cores, governor, frequency, turbo,
// temperature, load, pinning, control group limits, virtual or not, kernel, Hone's version;
// docs/measuring.md has them all. What cannot be read is "unavailable: why". What changes while
// something runs is the Monitor's (probes/monitor.h). `root` is for tests.
nlohmann::json read_conditions(const std::string& root = "/");

// threads, precision, model_hash, engine_hash (XXH3-64 of the file's bytes, as hone ship has it;
// unavailable where `engine_path` is no file).
void add_engine(const hone_engine_info& info, int threads, const std::string& engine_path,
                nlohmann::json* conditions);

// One line a person reads: "Intel Xeon, 2 cores, avx512, load 0.4".
std::string conditions_line(const nlohmann::json& conditions);

}  // namespace hone::ship
