// The report that `hone ship` wrote last, read back for the gate.
#pragma once

#include "ship/gate/gate.h"
#include "ship/project/project.h"

namespace hone::ship {

// Errors: not_found where nothing was shipped yet; invalid_argument where the report is of another
// engine, model, preprocessing or target than what ships; corrupt.
Result<GateReport> last_report(const Project& project, const ModelSpec& model,
                               const TargetSpec& target, const std::string& out_folder);

// A report by its path, judged with the engine that ships and the project it is about: which model
// and target of `project` the report says.
struct NamedReport {
  const ModelSpec* model;
  const TargetSpec* target;
  GateReport report;
};
// `engine` "": beside the report, MODEL.TARGET.engine. Errors: as above, and invalid_argument where
// the project has no such model or target.
Result<NamedReport> read_report(const std::string& path, const std::string& engine,
                                const Project& project);

}  // namespace hone::ship
