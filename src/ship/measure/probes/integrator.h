// Power readings added up to energy.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "ship/measure/probes/energy_meter.h"

namespace hone::ship {

// Watts of each part now, always as many.
using ReadWatts = std::function<Result<std::vector<double>>()>;

// Trapezoids between readings. A reading that fails is bridged; after more than max_gap_s without
// one the energy is not known and every later call fails.
class PowerIntegrator {
 public:
  static constexpr double period_s = 0.08;  // 12.5 Hz: 10 is the least, and wake-ups are late
  static constexpr double max_gap_s = 2;

  // With `thread`, readings are taken every period_s until this is destroyed; without, by joules().
  PowerIntegrator(ReadWatts read, std::function<double()> now, bool thread);
  ~PowerIntegrator();
  PowerIntegrator(const PowerIntegrator&) = delete;
  PowerIntegrator& operator=(const PowerIntegrator&) = delete;

  // Takes a reading; joules of each part since construction. Errors: the reading's, or a gap.
  Result<std::vector<double>> joules();

 private:
  void step();  // with mutex_ held
  void loop();

  ReadWatts read_;
  std::function<double()> now_;
  std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool stop_ = false;
  double last_s_ = 0;  // of the last reading that succeeded
  std::vector<double> watts_, joules_;
  Status last_error_, failed_;
  std::thread thread_;
};

}  // namespace hone::ship
