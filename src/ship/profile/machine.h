// What this machine can do at best, measured: multiply-adds, products of bytes, and reading from
// each level of memory, on as many threads as the engine runs on.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/target/target.h"

namespace hone::ship {

struct MemoryLevel {
  std::string name;   // "L1", "L2", "L3", "memory"
  int64_t bytes = 0;  // what fits: all threads' caches together; memory: no limit, 0
  int64_t read = 0;   // what was read over and over to measure it
  double gbps = 0;    // 1e9 bytes a second, reading
};

struct MachinePeaks {
  std::string isa;  // of the f32 loop
  int threads = 1;
  double fma_gflops = 0;            // f32, a multiply-add is two operations
  double int8_gops = 0;             // exact products of bytes, likewise
  std::vector<MemoryLevel> levels;  // nearest first, memory last
};

// Takes about `seconds` in all, best of several turns: what disturbs only makes slower. Errors:
// out_of_memory.
Result<MachinePeaks> measure_machine(const Target& target, int threads, double seconds);

// The nearest level that holds so many bytes.
const MemoryLevel& level_of(const MachinePeaks& machine, double bytes);

// {"fma_gflops", "int8_gops", "bandwidth_gbps" (of memory), "levels": {"L2": ..}, "isa", "threads",
// "how"}
nlohmann::json to_json(const MachinePeaks& machine);

}  // namespace hone::ship
