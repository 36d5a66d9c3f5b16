// The calibration data of hone.toml, as quantisation takes them.
#pragma once

#include "host/quant/samples.h"
#include "ship/project/project.h"

namespace hone::ship {

// Every sample of the calibration data through the contracts of hone.toml: the inputs
// of `graph` in order. `model` outlives it. Errors: of the data; unsupported for an input that
// hone.toml does not describe.
Result<quant::Samples> calibration_samples(const ModelSpec& model,
                                           std::shared_ptr<const tasks::Dataset> data,
                                           const graph::Graph& graph);

// What hone.toml says of a model file.
struct Described {
  std::string path;  // of the hone.toml
  std::shared_ptr<const Project> project;
  const ModelSpec* model = nullptr;  // of *project
};
// The model of hone.toml, in the folder of `onnx`, whose file that is. nullopt: there is no such
// file, or it names other models only. Errors: of reading it.
Result<std::optional<Described>> find_description(const std::string& onnx);

// The data that decide are never the data that judge. Error: invalid_argument where a sample of the
// calibration data has the content of one of the evaluation data, naming the first and how many.
Status check_overlap(const tasks::Dataset& calibration, const tasks::Dataset& evaluation);

}  // namespace hone::ship
