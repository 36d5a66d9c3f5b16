// The labels of hone.toml's calibration data, as what decides between candidates of quantisation.
#pragma once

#include "host/graph/graph.h"
#include "host/quant/scorer.h"
#include "ship/project/project.h"

namespace hone::ship {

// For the samples of calibration_samples(model, data, graph), by the task of the output that is
// judged. Empty where the data have no labels, or hone.toml no task. `model` outlives it. Errors:
// of the data; not_found for an output that the graph lacks; those of making an evaluator.
Result<quant::MakeScorer> calibration_labels(const ModelSpec& model,
                                             std::shared_ptr<const tasks::Dataset> data,
                                             const graph::Graph& graph);

}  // namespace hone::ship
