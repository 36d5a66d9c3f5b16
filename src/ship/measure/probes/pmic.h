// The power chip of a Raspberry Pi 5.
#pragma once

#include "ship/measure/probes/energy_meter.h"

namespace hone::ship {

// Nothing on other machines. vcgencmd is started 12 times a second while the meter is open, on a
// core that is not otherwise busy: about 2 % of one.
std::optional<EnergySource> find_pmic(const EnergyOptions& options);

}  // namespace hone::ship
