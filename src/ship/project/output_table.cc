// [model.NAME.output.OUTPUT]: what the output means, and how it is judged.
#include <sstream>

#include "host/model/files.h"
#include "ship/project/toml_reader.h"

namespace hone::ship {

namespace {

// One label a line; empty lines are none.
Result<std::vector<std::string>> read_labels(const std::string& path) {
  HONE_ASSIGN(std::string text, read_text(path));
  std::vector<std::string> labels;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) labels.push_back(line);
  }
  return labels;
}

}  // namespace

Result<OutputSpec> read_output_table(const TomlReader& r, const std::string& name,
                                     const toml::table& t) {
  HONE_RETURN_IF_ERROR(r.only(t, "an output", {"task", "labels"}));
  OutputSpec out;
  out.name = name;
  std::vector<std::string> names;
  for (const tasks::Task* task : tasks::all_tasks()) names.emplace_back(task->name);
  size_t task = 0;
  HONE_RETURN_IF_ERROR(r.word(t, "task", names, &task));
  out.task = names[task];
  std::string labels;
  HONE_RETURN_IF_ERROR(r.path(t, "labels", &labels));
  if (!labels.empty()) {
    HONE_ASSIGN(out.labels, read_labels(labels));
  }
  return out;
}

}  // namespace hone::ship
