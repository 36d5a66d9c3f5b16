// How near a layer comes to what this machine could do with its operations and bytes.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "ship/profile/machine.h"
#include "ship/profile/work.h"

namespace hone::ship {

struct Roofline {
  bool compute = false;  // what bounds it: operations, else bytes
  double share = 0;      // least time over the time taken; above 1: the machine was slower when it
                         // was measured than when the layer ran
  double least_us = 0;   // the longer of operations at peak and bytes at each level's rate
  std::string level;     // the level of memory that its bytes wait for
};

// Weights come from the level that holds `model_bytes`, all that a run touches, for it is a whole
// run since they were last read; values were just written, and come from the level that holds the
// layer. nullopt where the work or the time is not known.
std::optional<Roofline> roofline(const Work& work, double us, const MachinePeaks& machine,
                                 double model_bytes);

nlohmann::json to_json(const std::optional<Roofline>& r);

}  // namespace hone::ship
