// Drops of accuracy: overall, of every class, of critical ones.
#pragma once

#include "ship/gate/gate.h"

namespace hone::ship {

// A check for each drop that is limited. What was not counted is inconclusive.
std::vector<Check> judge_drops(const GateReport& report, const Limits& limits);

}  // namespace hone::ship
