// This machine as a Target.
#pragma once

#include "common/target/target.h"

namespace hone::platform {

// CPU name, cores by affinity, caches, memory (the smaller of the machine's and the control
// group's). isa is usable_isa(), `portable` alone where that is an error: callers report it first.
// What cannot be read keeps Target's default.
Target detect_target();

}  // namespace hone::platform
