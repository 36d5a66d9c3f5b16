// Power sensors of boards: TI's INA family by hwmon, and by the driver of older Jetson systems.
#pragma once

#include "ship/measure/probes/energy_meter.h"

namespace hone::ship {

// Nothing where there is no such sensor. What counts as the total: a rail that is known to feed the
// board (VDD_IN, POM_5V_IN); else the only rail there is; else those of the CPU. Rails are never
// added to one that feeds them. Where none of this holds, `why` lists the rails.
std::optional<EnergySource> find_ina(const EnergyOptions& options);

}  // namespace hone::ship
