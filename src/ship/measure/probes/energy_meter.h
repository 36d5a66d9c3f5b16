// A source of energy readings, whatever it is made of: counters that the hardware keeps, or power
// that is integrated here.
#pragma once

#include <memory>

#include "ship/measure/probes/raspberry_pi.h"

namespace hone::ship {

struct EnergyOptions {
  std::string root = "/";
  std::function<double()> now;        // seconds; empty: a monotonic clock
  std::function<void(double)> sleep;  // seconds; empty: really
  RunCommand commands;                // empty: starts vcgencmd on a Raspberry Pi
  bool threads = true;                // false: integrating sources read only when asked (tests)
  bool gpus = false;                  // GPUs too: nothing of an engine on the CPU shows there
  double idle_s = 2;                  // measured before and again after a run
};

// Joules since the meter was opened, of one part of the machine.
struct EnergyPart {
  std::string name;  // "package-0", "VDD_IN"
  double joules = 0;
  bool counted = true;  // belongs to the source's total; others are within it, or beside it
};

class EnergyMeter {
 public:
  virtual ~EnergyMeter() = default;
  // The same parts in the same order at every call. Errors: a reading failed, so that what was used
  // since the last one is not known; then all later calls fail, too.
  virtual Result<std::vector<EnergyPart>> read() = 0;
};

// One way to measure energy, readable or not.
struct EnergySource {
  std::string name;                    // "RAPL", "INA3221", ...
  std::string coverage;                // what of the machine it sees, and what not
  std::string why;                     // not readable: why; empty where it is
  std::string fix;                     // what would make it readable; may be empty
  std::unique_ptr<EnergyMeter> meter;  // null where it is not readable
};

// A difference of two readings of a counter that begins anew at `range` (> 0); both below it.
// Nothing where it moved further than half the range: it was reset, or not read often enough.
std::optional<int64_t> counter_step(int64_t from, int64_t to, int64_t range);

}  // namespace hone::ship
