// A share of events, such as frames that missed their deadline.
#pragma once

#include <cstdint>

namespace hone::ship {

struct Share {
  double value = 0, low = 0, high = 1;
};

// `events` of `trials` with the exact 95 % interval (C. J. Clopper, E. S. Pearson, Biometrika 26
// (1934) 404-413). Misses come in streaks, which are no independent events: with a longest streak
// of `streak`, both counts are taken as if each event were that many (fewer, so a wider interval).
Share share_of(int64_t events, int64_t trials, int64_t streak = 1);

}  // namespace hone::ship
