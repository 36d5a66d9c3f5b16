#include "ship/project/project.h"

#include <fmt/format.h>

#include <filesystem>

#include "host/graph/quote.h"
#include "host/model/files.h"
#include "host/ops/plugin.h"
#include "ship/project/toml_reader.h"

namespace hone::ship {

namespace {

Result<Project> read_root(const TomlReader& r, const toml::table& root) {
  HONE_RETURN_IF_ERROR(r.only(root, "", {"schema", "model", "target", "plugins"}));
  auto schema = root["schema"].value<int64_t>();
  if (!schema) return r.fail(root, "the key 'schema' is missing (schema = 1)");
  if (*schema != 1) return r.fail(root, fmt::format("schema {} is not known (1 is)", *schema));
  Project p;
  p.folder = r.folder();
  HONE_RETURN_IF_ERROR(r.texts(root, "plugins", &p.plugins));
  for (std::string& file : p.plugins) file = (std::filesystem::path(p.folder) / file).string();
  std::vector<std::string> labels;
  HONE_RETURN_IF_ERROR(
      r.each(root, "model", [&](const std::string& name, const toml::table& t) -> Status {
        HONE_ASSIGN(ModelSpec m, read_model_table(r, name, t));
        for (const OutputSpec& o : m.outputs) {
          labels.insert(labels.end(), o.labels.begin(), o.labels.end());
        }
        p.models.push_back(std::move(m));
        return {};
      }));
  HONE_RETURN_IF_ERROR(
      r.each(root, "target", [&](const std::string& name, const toml::table& t) -> Status {
        HONE_ASSIGN(TargetSpec s, read_target_table(r, name, t, labels));
        p.targets.push_back(std::move(s));
        return {};
      }));
  if (p.models.empty()) {
    return r.fail(root, "no [model.NAME] table; it names the model's onnx file");
  }
  if (p.targets.empty()) {
    return r.fail(root, "no [target.NAME] table; it holds threads and limits");
  }
  return p;
}

}  // namespace

Result<Project> parse_project(std::string_view text, const std::string& path) {
  toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    return corrupt(fmt::format("{}:{}: {}", path, parsed.error().source().begin.line,
                               graph::one_line(parsed.error().description())));
  }
  return read_root(TomlReader(path), parsed.table());
}

Status load_plugins(const Project& project) {
  for (const std::string& file : project.plugins) {
    HONE_RETURN_IF_ERROR(ops::add_plugin_file(file));
  }
  return {};
}

Result<Project> load_project(const std::string& path) {
  HONE_ASSIGN(std::string text, read_text(path));
  return parse_project(text, path);
}

}  // namespace hone::ship
