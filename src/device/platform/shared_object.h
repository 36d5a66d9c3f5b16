// Functions of shared objects.
#pragma once

#include "common/base/device_status.h"

namespace hone::platform {

// The address of `symbol` in the shared object `path`, which stays loaded as long as the process
// lives. A path without '/' is one of the current folder. Errors: not_found (no such file),
// invalid_argument (not a shared object of this machine, or without that symbol).
device::Result<void*> load_symbol(const char* path, const char* symbol);

}  // namespace hone::platform
