// The report that `hone ship` wrote last, read back for the gate.
#pragma once

#include "ship/gate/gate.h"
#include "ship/project/project.h"

namespace hone::ship {

// Errors: not_found where nothing was shipped yet; invalid_argument where the engine beside the
// report is another one than it speaks of; corrupt.
Result<GateReport> last_report(const Project& project, const ModelSpec& model,
                               const TargetSpec& target, const std::string& out_folder);

}  // namespace hone::ship
