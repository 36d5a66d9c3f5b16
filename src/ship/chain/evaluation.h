// Labelled data through engines: what a baseline and the engine are worth on the same samples.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "host/tasks/evaluator.h"
#include "ship/gate/drop.h"
#include "ship/measure/session.h"
#include "ship/project/model_inputs.h"

namespace hone::ship {

// The output that is judged: the first that has a task and what it needs; nullptr: none.
const OutputSpec* judged_output(const ModelSpec& model);

// The places among a model's outputs of those that a task takes, in its order. Error: not_found.
Result<std::vector<size_t>> task_outputs(const std::vector<std::string>& model_outputs,
                                         const OutputSpec& task);

// Runs every sample through the session and adds what it makes of it to the evaluator; `outputs`
// are the task's. `progress` is told samples done, of all.
Status evaluate(Session& session, const std::vector<size_t>& outputs, const tasks::Dataset& data,
                const ModelInputs& inputs, tasks::Evaluator* evaluator,
                const std::function<void(double, double)>& progress);

// What the second lost against the first over the same samples, paired.
Drop drop_between(const tasks::Evaluator& baseline, const tasks::Evaluator& engine);
// Both over the same samples, paired: what the accuracy stage reports. Labels name the classes.
nlohmann::json accuracy_summary(const tasks::Evaluator& baseline, const tasks::Evaluator& engine,
                                const std::vector<std::string>& labels);

}  // namespace hone::ship
