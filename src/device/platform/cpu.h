// Which instruction sets this process may use.
#pragma once

#include "common/base/device_status.h"
#include "common/target/isa.h"

namespace hone::platform {

// Every level this CPU and this operating system can run, `portable` included. On Linux the first
// call asks the kernel for the AMX tile registers; without its permission `amx` is left out.
IsaMask cpu_isa();

// The same, cut down to the level that HONE_FORCE_ISA names (unset or empty: everything). Errors:
// isa_missing where the CPU lacks that level, invalid_argument where there is no such level.
device::Result<IsaMask> usable_isa();

// What usable_isa() says for `forced` (nullptr or "": nothing is forced) on a CPU with `cpu`.
device::Result<IsaMask> restrict_isa(IsaMask cpu, const char* forced);

// "avx512, amx" into text.
void append_isa_names(IsaMask set, FixedText* text);

}  // namespace hone::platform
