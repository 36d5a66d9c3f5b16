#include "ship/project/calibration.h"

#include <fmt/format.h>

#include <filesystem>
#include <unordered_map>

#include "ship/project/model_inputs.h"

namespace hone::ship {

Result<quant::Samples> calibration_samples(const ModelSpec& model,
                                           std::shared_ptr<const tasks::Dataset> data,
                                           const graph::Graph& graph) {
  HONE_ASSIGN(ModelInputs inputs, ModelInputs::make(model, input_forms(graph)));
  quant::Samples s;
  s.count = data->count();
  s.get = [data, inputs](int64_t k) -> Result<std::vector<Tensor>> {
    HONE_ASSIGN(tasks::Sample sample, data->sample(k));
    return inputs.of(sample);
  };
  return s;
}

Result<std::optional<Described>> find_description(const std::string& onnx) {
  namespace fs = std::filesystem;
  std::error_code error;
  Described d;
  d.path = (fs::path(onnx).parent_path() / "hone.toml").string();
  if (!fs::exists(d.path, error)) return std::optional<Described>();
  HONE_ASSIGN(Project project, load_project(d.path));
  d.project = std::make_shared<const Project>(std::move(project));
  for (const ModelSpec& m : d.project->models) {
    if (d.model == nullptr && fs::equivalent(m.onnx, onnx, error)) d.model = &m;
  }
  return d.model != nullptr ? std::optional(std::move(d)) : std::nullopt;
}

Status check_overlap(const tasks::Dataset& calibration, const tasks::Dataset& evaluation) {
  std::unordered_map<uint64_t, int64_t> judging;
  for (int64_t i = 0; i < evaluation.count(); ++i) {
    HONE_ASSIGN(tasks::Sample s, evaluation.sample(i));
    judging.emplace(tasks::content_hash(s), i);
  }
  int64_t count = 0, first = 0, same_as = 0;
  for (int64_t i = 0; i < calibration.count(); ++i) {
    HONE_ASSIGN(tasks::Sample s, calibration.sample(i));
    auto it = judging.find(tasks::content_hash(s));
    if (it == judging.end()) continue;
    if (count++ == 0) first = i, same_as = it->second;
  }
  if (count == 0) return {};
  return invalid(
      fmt::format("{} of {} calibration samples are evaluation samples too (sample {} is {} "
                  "there); take them out of one of the two, what decides cannot judge",
                  count, calibration.count(), first, same_as));
}

}  // namespace hone::ship
