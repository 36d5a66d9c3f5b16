// How much effort goes into choosing tactics: hone build --opt-level (docs/build.md).
#pragma once

#include "host/exec/time_kernel.h"

namespace hone::exec {

constexpr int max_opt_level = 5;
constexpr int default_opt_level = 3;

struct OptLevel {
  bool timed;       // false: by rank alone, the cache's timings unused
  int max_tactics;  // candidates of each step, the first by rank
  TimingOptions timing;
};

// level: 0 to max_opt_level. A timing means the same at every level, more runs only make it surer:
// one cache serves all.
OptLevel opt_level(int level);

}  // namespace hone::exec
