// Target: the machine an engine is built for, as a value. Read from this machine by
// device/platform, or from a file by host/plan/target_file.h (TOML is nothing for a device); the
// planner sees nothing else of any machine.
#pragma once

#include <cstdint>

#include "common/target/isa.h"

namespace hone {

enum class Arch : uint8_t { x86_64 = 0, aarch64 = 1, other = 2 };

struct Target {
  char cpu[64] = "";  // model name as the CPU gives it, for people
  char os[16] = "linux";
  Arch arch = Arch::x86_64;
  IsaMask isa = mask(Isa::portable);
  int32_t cores = 1;          // usable by this process
  int64_t l1d_bytes = 32768;  // per core
  int64_t l2_bytes = 262144;  // per core
  int64_t l3_bytes = 0;       // shared; 0 where there is none or it is unknown
  int64_t memory_bytes = 0;   // 0: unknown
};

constexpr const char* name(Arch a) {
  return a == Arch::x86_64 ? "x86_64" : a == Arch::aarch64 ? "aarch64" : "other";
}

}  // namespace hone
