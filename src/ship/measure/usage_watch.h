// What the operating system did to this process since the last look.
#pragma once

#include <cstdint>

#include "ship/measure/record.h"

namespace hone::ship {

class UsageWatch {
 public:
  // Frames shorter than this are not watched: a look costs about a microsecond.
  static constexpr int64_t least_ns = 50'000;

  UsageWatch() { since_last(); }
  // Page faults and involuntary switches of all threads; bits of Disturbance.
  uint8_t since_last();

 private:
  long minor_ = 0, major_ = 0, switches_ = 0;
};

}  // namespace hone::ship
