#include "cli/project_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "ship/chain/model_data.h"

namespace hone::cli {

Result<std::optional<ship::Described>> describe(const std::string& onnx,
                                                const std::string& project) {
  if (project.empty()) return ship::find_description(onnx);
  HONE_ASSIGN(ship::Project read, ship::load_project(project));
  ship::Described d;
  d.path = project;
  d.project = std::make_shared<const ship::Project>(std::move(read));
  std::error_code error;
  for (const ship::ModelSpec& m : d.project->models) {
    if (std::filesystem::equivalent(m.onnx, onnx, error)) d.model = &m;
  }
  if (d.model == nullptr) return invalid(fmt::format("{}: names no model {}", project, onnx));
  return std::optional(std::move(d));
}

Result<std::optional<ProjectData>> project_data(const ship::Described& described,
                                                const graph::Graph& graph, int64_t most) {
  const ship::ModelSpec& m = *described.model;
  if (!m.evaluation && !m.calibration) return std::optional<ProjectData>();
  const auto data = std::make_shared<const ship::ModelData>(m);
  const auto& opened = m.evaluation ? data->evaluation() : data->calibration();
  if (!opened.ok()) return in(described.path, opened.status());
  auto all = ship::calibration_samples(m, *opened, graph);
  if (!all.ok() && all.code() == Code::unsupported) return std::optional<ProjectData>();
  if (!all.ok()) return in(described.path, all.status());
  const int64_t n = std::min(all->count, most);
  if (n == 0) return std::optional<ProjectData>();
  ProjectData p;
  const int64_t count = all->count;
  p.samples.count = n;
  p.samples.get = [data, samples = std::move(*all), count, n](int64_t k) {
    return samples.get(k * count / n);
  };
  p.text = fmt::format("{} samples of the {} data in {}", n,
                       m.evaluation ? "evaluation" : "calibration", described.path);
  return std::optional(std::move(p));
}

}  // namespace hone::cli
