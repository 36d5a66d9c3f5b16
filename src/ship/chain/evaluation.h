// Labelled pictures through engines: accuracy of a baseline and of the engine on the same samples.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "host/tasks/classification.h"
#include "ship/measure/session.h"
#include "ship/project/project.h"

namespace hone::ship {

struct LabelledData {
  Tensor images;  // u8 [n, height, width]
  Tensor labels;  // u8 [n]
  int64_t count() const { return images.dims()[0]; }
};

// Errors: those of the idx reader; shape_mismatch where pictures and labels do not go together;
// invalid_argument where there is no picture: nothing to judge by must not look like a pass.
Result<LabelledData> load_data(const Dataset& dataset);

// Sample i as the model's input (batch 1).
Result<Tensor> sample(const LabelledData& data, int64_t i,
                      const preprocess::ImageContract& contract);

// Runs every sample. `class_count` scores are expected per sample, and labels below it.
Result<tasks::Accuracy> evaluate(Session& session, size_t output, const LabelledData& data,
                                 const preprocess::ImageContract& contract, int64_t class_count,
                                 const std::function<void(double, double)>& progress);

// Both on the same samples, paired: what the accuracy stage reports.
nlohmann::json accuracy_summary(const LabelledData& data, const tasks::Accuracy& baseline,
                                const tasks::Accuracy& engine,
                                const std::vector<std::string>& labels);

}  // namespace hone::ship
