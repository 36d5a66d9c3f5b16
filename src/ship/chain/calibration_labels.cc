#include "ship/chain/calibration_labels.h"

#include "ship/chain/evaluation.h"

namespace hone::ship {

namespace {

// What every scorer of one model looks into.
struct Labelled {
  std::shared_ptr<const tasks::Dataset> data;
  ModelInputs inputs;
  std::vector<size_t> outputs;  // of the model, that the task takes
};

class TaskScorer : public quant::Scorer {
 public:
  TaskScorer(std::shared_ptr<const Labelled> from, std::unique_ptr<tasks::Evaluator> evaluator)
      : from_(std::move(from)), evaluator_(std::move(evaluator)) {}

  Status add(int64_t place, std::span<const Tensor> outputs) override {
    HONE_ASSIGN(const tasks::Sample s, from_->data->sample(place));
    std::vector<Tensor> answer;
    for (size_t o : from_->outputs) answer.push_back(outputs[o]);
    return evaluator_->add(s, answer, from_->inputs.geometry(s));
  }

  quant::Drop drop_from(const quant::Scorer& base) const override {
    const auto& other = static_cast<const TaskScorer&>(base);  // of the same maker
    const Drop d = drop_between(*other.evaluator_, *evaluator_);
    return {d.points, d.low};
  }

 private:
  std::shared_ptr<const Labelled> from_;
  std::unique_ptr<tasks::Evaluator> evaluator_;
};

}  // namespace

Result<quant::MakeScorer> calibration_labels(const ModelSpec& model,
                                             std::shared_ptr<const tasks::Dataset> data,
                                             const graph::Graph& graph) {
  const OutputSpec* task = judged_output(model);
  if (task == nullptr || !data->labelled()) return quant::MakeScorer();
  HONE_ASSIGN(std::vector<size_t> outputs, task_outputs(graph.output_names, *task));
  HONE_ASSIGN(ModelInputs inputs, ModelInputs::make(model, input_forms(graph)));
  auto from = std::make_shared<const Labelled>(
      Labelled{std::move(data), std::move(inputs), std::move(outputs)});
  return quant::MakeScorer([from, task]() -> Result<std::unique_ptr<quant::Scorer>> {
    HONE_ASSIGN(auto evaluator, tasks::make_evaluator(*task));
    return std::unique_ptr<quant::Scorer>(std::make_unique<TaskScorer>(from, std::move(evaluator)));
  });
}

}  // namespace hone::ship
