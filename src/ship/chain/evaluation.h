// Labelled data through engines: what a baseline and the engine are worth on the same samples.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "host/tasks/evaluator.h"
#include "ship/measure/session.h"
#include "ship/project/model_inputs.h"

namespace hone::ship {

// The session's outputs that a task takes, in its order. Error: not_found.
Result<std::vector<size_t>> task_outputs(const Session& session, const OutputSpec& task);

// Runs every sample through the session and adds what it makes of it to the evaluator; `outputs`
// are the task's. `progress` is told samples done, of all.
Status evaluate(Session& session, const std::vector<size_t>& outputs, const tasks::Dataset& data,
                const ModelInputs& inputs, tasks::Evaluator* evaluator,
                const std::function<void(double, double)>& progress);

// Both over the same samples, paired: what the accuracy stage reports. Labels name the classes.
nlohmann::json accuracy_summary(const tasks::Evaluator& baseline, const tasks::Evaluator& engine,
                                const std::vector<std::string>& labels);

}  // namespace hone::ship
