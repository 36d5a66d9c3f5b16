// Where a thread runs and before whom.
#pragma once

#include <pthread.h>

#include "common/base/device_status.h"

namespace hone::platform {

// What is left as it is: cpu < 0, priority 0.
struct Scheduling {
  int cpu = -1;      // the only one it may run on
  int priority = 0;  // real-time (SCHED_FIFO), 1 to 99
};

// Errors: invalid_argument (no such CPU for this process), unsupported (the system does not let
// this process, or anyone).
device::Status set_scheduling(pthread_t thread, const Scheduling& wanted);

}  // namespace hone::platform
