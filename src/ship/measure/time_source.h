// Time as an argument: loops run on this machine's clock, their tests on a simulated one.
#pragma once

#include <cstdint>

namespace hone::ship {

class TimeSource {
 public:
  virtual ~TimeSource() = default;
  virtual int64_t now_ns() = 0;
  // Returns at once where that moment has passed.
  virtual void sleep_until_ns(int64_t moment) = 0;
};

// How long before its moment a sleep ends and spinning begins: longer than a timer is usually late
// on a small or virtual machine, short against any frame's period.
constexpr int64_t spin_ns = 100'000;

// CLOCK_MONOTONIC, the one that V4L2 stamps frames with. Sleeps by an absolute timer until spin_ns
// before the moment, then spins.
class MonotonicTime : public TimeSource {
 public:
  int64_t now_ns() override;
  void sleep_until_ns(int64_t moment) override;
};

}  // namespace hone::ship
