// [model.NAME]: the model and its profiles; inputs, outputs and data have tables of their own.
#include "host/plan/profile_text.h"
#include "ship/project/toml_reader.h"

namespace hone::ship {

namespace {

class ModelReader : private TomlReader {
 public:
  explicit ModelReader(const TomlReader& reader) : TomlReader(reader) {}

  Result<ModelSpec> read(const std::string& name, const toml::table& t) const {
    HONE_RETURN_IF_ERROR(
        only(t, "a model", {"onnx", "golden", "profiles", "input", "output", "data"}));
    ModelSpec m;
    m.name = name;
    HONE_RETURN_IF_ERROR(path(t, "onnx", &m.onnx, true));
    HONE_RETURN_IF_ERROR(path(t, "golden", &m.golden));
    HONE_RETURN_IF_ERROR(profiles(t, &m));
    HONE_RETURN_IF_ERROR(
        each(t, "input", [&](const std::string& n, const toml::table& c) -> Status {
          HONE_ASSIGN(InputSpec in, read_input_table(*this, n, c));
          m.inputs.push_back(std::move(in));
          return {};
        }));
    HONE_RETURN_IF_ERROR(
        each(t, "output", [&](const std::string& n, const toml::table& c) -> Status {
          HONE_ASSIGN(OutputSpec out, read_output_table(*this, n, c));
          m.outputs.push_back(std::move(out));
          return {};
        }));
    HONE_RETURN_IF_ERROR(read_data_tables(*this, t, &m));
    // Boxes are decoded in pixels of the input that is a picture.
    for (const InputSpec& i : m.inputs) {
      if (i.kind != InputSpec::Kind::image) continue;
      for (OutputSpec& o : m.outputs) {
        o.detection.input_width = i.image.width, o.detection.input_height = i.image.height;
      }
      break;
    }
    return m;
  }

 private:
  // One string for each profile, as --profile takes it.
  Status profiles(const toml::table& t, ModelSpec* m) const {
    const toml::node* node = t.get("profiles");
    if (node == nullptr) return {};
    const toml::array* list = node->as_array();
    if (list == nullptr) return fail(*node, "'profiles' must be a list of strings");
    for (const toml::node& item : *list) {
      auto text = item.value<std::string>();
      if (!text) return fail(item, "'profiles' must be a list of strings");
      auto profile = plan::parse_profile(*text);
      if (!profile.ok()) {
        return fail(item, fmt::format("profile \"{}\": {}", *text, profile.status().text()));
      }
      m->profiles.push_back(std::move(*profile));
    }
    return {};
  }
};

}  // namespace

Result<ModelSpec> read_model_table(const TomlReader& reader, const std::string& name,
                                   const toml::table& table) {
  return ModelReader(reader).read(name, table);
}

}  // namespace hone::ship
