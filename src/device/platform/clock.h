// Monotonic time. Not a system call where the C library reads the clock in user space.
#pragma once

#include <cstdint>
#include <ctime>

namespace hone::platform {

// Nanoseconds since some moment in the past; never goes back.
inline uint64_t monotonic_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000000000u + static_cast<uint64_t>(t.tv_nsec);
}

}  // namespace hone::platform
