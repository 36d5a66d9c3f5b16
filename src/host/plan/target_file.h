// A Target as a file, so that an engine can be built for a machine that is not this one. TOML:
//
//   schema = 1
//   cpu = "Cortex-A72"           # what timing caches call it
//   arch = "aarch64"             # x86_64, aarch64, other
//   os = "linux"
//   isa = ["portable", "neon"]   # every level it runs; see common/target/isa.h
//   cores = 4
//   l1d_bytes = 32768            # per core, as l2_bytes; l3_bytes is shared
//   l2_bytes = 1048576
//   l3_bytes = 0                 # 0: none, or unknown
//   memory_bytes = 4294967296
//
// `hone doctor --save-target FILE` writes the one of the machine it runs on.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/target/target.h"

namespace hone::plan {

// Keys that are absent have Target's defaults; schema, cpu and isa are required. Errors:
// invalid_argument, with the line and, for an unknown key, the nearest known one.
Result<Target> parse_target(std::string_view text);
Result<Target> load_target(const std::string& path);
// parse_target(to_toml(t)) == t where the names are ASCII.
std::string to_toml(const Target& target);

// Whether machines of that architecture may have the level.
constexpr bool belongs(Isa level, Arch arch) {
  if (level == Isa::portable) return true;
  const bool arm = level >= Isa::neon && level <= Isa::neon_i8mm;
  return arch == (arm ? Arch::aarch64 : Arch::x86_64);
}

// "portable, avx2, avx512"
std::string isa_names(IsaMask set);

}  // namespace hone::plan
