#include "host/exec/opt_level.h"

#include <cassert>
#include <climits>

namespace hone::exec {

OptLevel opt_level(int level) {
  assert(level >= 0 && level <= max_opt_level);
  // Milliseconds a kernel may take on a step, and fewest and most runs.
  auto timing = [](double budget_ms, int min_runs, int max_runs) {
    TimingOptions t;
    t.budget_ms = budget_ms, t.min_runs = min_runs, t.max_runs = max_runs;
    return t;
  };
  switch (level) {
    case 0: return {false, INT_MAX, {}};
    case 1: return {true, 2, timing(3, 3, 20)};
    case 2: return {true, 6, timing(6, 4, 40)};
    case 3: return {true, INT_MAX, {}};
    case 4: return {true, INT_MAX, timing(40, 12, 200)};
    default: return {true, INT_MAX, timing(150, 30, 600)};
  }
}

}  // namespace hone::exec
