// [model.NAME.data]: what the model is calibrated on, and what it is judged by.
#include "ship/project/toml_reader.h"

namespace hone::ship {

namespace {

Status dataset(const TomlReader& r, const toml::table& data, const char* key,
               std::optional<tasks::DataSpec>* out) {
  const toml::node* node = data.get(key);
  if (node == nullptr) return {};
  const toml::table* t = node->as_table();
  if (t == nullptr) return r.fail(*node, fmt::format("'{}' must be a table", key));
  std::vector<std::string> names;
  for (const tasks::DataFormat* f : tasks::data_formats()) names.emplace_back(f->name);
  size_t index = 0;
  HONE_RETURN_IF_ERROR(r.word(*t, "format", names, &index));
  const tasks::DataFormat& format = *tasks::data_formats()[index];
  std::vector<std::string> known = {"format", "limit"};
  for (const tasks::DataKey& k : format.keys) known.emplace_back(k.name);
  HONE_RETURN_IF_ERROR(r.only(*t, key, known));
  tasks::DataSpec d;
  d.format = format.name;
  for (const tasks::DataKey& k : format.keys) {
    using Need = tasks::DataKey::Need;
    const bool judges = std::string_view(key) == "evaluation";
    const bool required =
        k.need == Need::always || (k.need == Need::to_judge && judges && !t->contains("wanted"));
    std::string value;
    if (k.path) {
      HONE_RETURN_IF_ERROR(r.path(*t, k.name, &value, required));
    } else {
      HONE_RETURN_IF_ERROR(r.text(*t, k.name, &value, required));
    }
    if (!value.empty()) d.values.emplace(k.name, value);
  }
  HONE_RETURN_IF_ERROR(r.get(*t, "limit", "a whole number", &d.limit));
  if (d.limit < 0) return r.fail(*t->get("limit"), "'limit' must be >= 0");
  *out = std::move(d);
  return {};
}

}  // namespace

Status read_data_tables(const TomlReader& r, const toml::table& model, ModelSpec* m) {
  const toml::node* data = model.get("data");
  if (data == nullptr) return {};
  const toml::table* t = data->as_table();
  if (t == nullptr) return r.fail(*data, "'data' must be a table");
  HONE_RETURN_IF_ERROR(r.only(*t, "data", {"calibration", "evaluation"}));
  HONE_RETURN_IF_ERROR(dataset(r, *t, "calibration", &m->calibration));
  return dataset(r, *t, "evaluation", &m->evaluation);
}

}  // namespace hone::ship
