// How many samples would decide what could not be decided? Each answer takes the rates and spreads
// seen so far for the truth: at that count the bound of the interval meets the limit. nullopt:
// no count would, the figure lies on the limit itself.
#pragma once

#include <cstdint>
#include <optional>

#include "ship/gate/drop.h"

namespace hone::ship {

// The score statistic grows with the root of n at the same rates: n * (z / z_now)^2, `z` what the
// statistic must reach.
std::optional<int64_t> samples_for_drop(const Paired& p, double limit, double z);

// An interval narrows with the root of n: n * ((edge - value) / (limit - value))^2, `edge` the
// bound that lies on the limit's side of the value.
std::optional<int64_t> samples_for_bound(int64_t n, double value, double edge, double limit);

// The first count whose largest sample bounds percentile p from above: p^n <= 0.025.
int64_t samples_for_percentile(double p);

// No event in so many trials shows that the share is at most `limit`: (1 - limit)^n <= 0.025.
std::optional<int64_t> samples_for_no_event(double limit);

// "; 4,300 samples would decide"
std::string needed_text(const std::optional<int64_t>& needed);

}  // namespace hone::ship
