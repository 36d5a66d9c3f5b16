// What hone.toml says of a model that a command was given as an ONNX file.
#pragma once

#include <optional>
#include <string>

#include "host/graph/graph.h"
#include "host/quant/samples.h"
#include "ship/project/calibration.h"

namespace hone::cli {

// Of the project file `project`; "": of the hone.toml beside `onnx`, nullopt where there is none
// that names it. Errors: of reading it; invalid_argument where `project` names other models only.
Result<std::optional<ship::Described>> describe(const std::string& onnx,
                                                const std::string& project = "");

struct ProjectData {
  quant::Samples samples;  // inputs of the graph, in order
  std::string text;        // "8 samples of the evaluation data in hone.toml"
};
// At most `most` samples spread over its evaluation data, else its calibration data, through their
// preprocessing. nullopt: it names no data, or says nothing of one of the inputs. `described`
// outlives the samples. Errors: of opening the data, with the file's name.
Result<std::optional<ProjectData>> project_data(const ship::Described& described,
                                                const graph::Graph& graph, int64_t most);

}  // namespace hone::cli
