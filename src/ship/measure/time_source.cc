#include "ship/measure/time_source.h"

#include <cerrno>
#include <ctime>

#include "device/platform/clock.h"
#include "device/platform/park.h"

namespace hone::ship {

int64_t MonotonicTime::now_ns() { return static_cast<int64_t>(platform::monotonic_ns()); }

void MonotonicTime::sleep_until_ns(int64_t moment) {
  const int64_t wake = moment - spin_ns;
  if (wake > now_ns()) {
    timespec t{};
    t.tv_sec = static_cast<time_t>(wake / 1'000'000'000);
    t.tv_nsec = static_cast<long>(wake % 1'000'000'000);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) == EINTR) {
    }
  }
  while (now_ns() < moment) platform::spin_pause();
}

}  // namespace hone::ship
