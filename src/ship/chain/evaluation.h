// Labelled pictures through engines: accuracy of a baseline and of the engine on the same samples.
#pragma once

#include <functional>

#include "host/tasks/classification.h"
#include "ship/measure/session.h"
#include "ship/project/project.h"

namespace hone::ship {

struct LabelledData {
  Tensor images;  // u8 [n, height, width]
  Tensor labels;  // u8 [n]
  int64_t count() const { return images.dims()[0]; }
};

// Errors: those of the idx reader; shape_mismatch where pictures and labels do not go together.
Result<LabelledData> load_data(const Dataset& dataset);

// Sample i as the model's input (batch 1).
Result<Tensor> sample(const LabelledData& data, int64_t i,
                      const preprocess::ImageContract& contract);

// Runs every sample. `class_count` scores are expected per sample.
Result<tasks::Accuracy> evaluate(Session& session, const LabelledData& data,
                                 const preprocess::ImageContract& contract, int64_t class_count,
                                 const std::function<void(double, double)>& progress);

}  // namespace hone::ship
