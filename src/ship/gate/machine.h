// Was a figure taken on the machine that the engine is for?
#pragma once

#include <cstdint>
#include <string>

namespace hone::ship {

struct Machine {
  std::string cpu, arch;
  std::string isa;    // names of levels, separated by blanks or commas, in any order
  int64_t cores = 0;  // usable by the process; 0: not told
};

// "" where `measured` is the machine `wanted`, else what differs: "cpu 'A', not 'B'; 4 cores, not
// 2". A field that one side does not tell differs, too: what is not known is not the same.
std::string machine_difference(const Machine& wanted, const Machine& measured);

}  // namespace hone::ship
