// `hone ship`: the whole chain for one model and one target, stage by stage. A stage whose inputs
// have not changed since the last run is not run again.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/engine/compile.h"
#include "ship/chain/model_data.h"
#include "ship/gate/gate.h"
#include "ship/measure/fresh_process.h"
#include "ship/project/project.h"

namespace hone::ship {

struct StageRow {
  std::string stage;
  double seconds = 0;
  bool cached = false;
  std::string text;  // one line: what was found
};

struct ChainOptions {
  Target machine;
  plan::TimeKernel time;
  std::string project_path;  // of hone.toml, as it was given
  std::string out_folder;    // hone-out/ beside the project file
  double bench_seconds = 3;
  double compare_seconds = 30;  // with the target's baseline, at most
  int parity_inputs = 16;       // evaluation samples compared with the reference
  double parity_tolerance = 1e-3;
  std::function<void(const StageRow&)> stage_done;
  std::function<void(const std::string&, double, double)> progress;
  std::function<void(plan::Plan&)> tamper;  // tests plant faults here
  // Where peak memory is measured, started before this process held much; nullptr: the chain starts
  // one when it begins.
  FreshProcess* fresh = nullptr;
  // Shared with other chains of the same model; nullptr: the chain reads its own.
  ModelData* data = nullptr;
};

struct ChainResult {
  std::vector<StageRow> stages;
  GateReport report;
  GateResult gate;
  std::string engine_path, report_path;
  nlohmann::json report_json;  // as it was written to report_path
  double engine_bytes = 0, model_bytes = 0;
  std::string precision;                       // what the engine multiplies in: "f32", "int8"
  std::string metric, metric_unit;             // of what follows
  double accuracy = 0, baseline_accuracy = 0;  // 0 samples: no data
  int64_t samples = 0;
  // One line each, the likeliest first: what hints at data not prepared as the model wants them.
  std::vector<std::string> slips;
  std::string worst_class;  // "" where the metric knows no classes
  double worst_class_percent = 0;
};

// Errors stop the chain: a model that cannot be read or built, data that are missing, a disk that
// is full. What measurements say is in the result, not an error.
Result<ChainResult> run_chain(const ModelSpec& model, const TargetSpec& target,
                              const ChainOptions& options);

}  // namespace hone::ship
