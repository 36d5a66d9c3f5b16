// [model.NAME]: the model, its inputs' preprocessing, its outputs' task, its data.
#include <cmath>

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
    HONE_RETURN_IF_ERROR(each(
        t, "input", [&](const std::string& n, const toml::table& c) { return input(n, c, &m); }));
    HONE_RETURN_IF_ERROR(
        each(t, "output", [&](const std::string& n, const toml::table& c) -> Status {
          HONE_ASSIGN(OutputSpec out, read_output_table(*this, n, c));
          m.outputs.push_back(std::move(out));
          return {};
        }));
    HONE_RETURN_IF_ERROR(read_data_tables(*this, t, &m));
    return m;
  }

 private:
  Status input(const std::string& name, const toml::table& t, ModelSpec* m) const {
    HONE_RETURN_IF_ERROR(
        only(t, "an input", {"kind", "size", "color", "resize", "scale", "mean", "std", "layout"}));
    InputSpec in;
    in.name = name;
    size_t kind = 0, resize = 0, color = 1, layout = 0;
    HONE_RETURN_IF_ERROR(word(t, "kind", {"image"}, &kind));
    HONE_RETURN_IF_ERROR(word(t, "resize", {"none"}, &resize));
    HONE_RETURN_IF_ERROR(word(t, "color", {"gray", "rgb", "bgr"}, &color));
    HONE_RETURN_IF_ERROR(word(t, "layout", {"nchw", "nhwc"}, &layout));
    in.image.color = static_cast<preprocess::Color>(color);
    in.image.layout = static_cast<preprocess::PixelLayout>(layout);
    float size[2] = {0, 0};
    if (!t.contains("size")) return fail(t, "the key 'size' is missing ([height, width])");
    HONE_RETURN_IF_ERROR(floats(t, "size", 2, size));
    const auto is_size = [](float v) { return v >= 1 && v <= 65536 && v == std::floor(v); };
    if (!is_size(size[0]) || !is_size(size[1])) {
      return fail(*t.get("size"), "'size' must be [height, width], each 1 to 65536");
    }
    in.image.height = static_cast<int32_t>(size[0]);
    in.image.width = static_cast<int32_t>(size[1]);
    double scale = 1;
    HONE_RETURN_IF_ERROR(get(t, "scale", "a number", &scale));
    if (!fits(scale)) return fail(*t.get("scale"), "'scale' must be a number");
    in.image.scale = static_cast<float>(scale);
    HONE_RETURN_IF_ERROR(floats(t, "mean", in.image.channels(), in.image.mean));
    HONE_RETURN_IF_ERROR(floats(t, "std", in.image.channels(), in.image.std));
    for (int c = 0; c < in.image.channels(); ++c) {
      if (!(in.image.std[c] > 0)) return fail(*t.get("std"), "'std' must be > 0");
    }
    m->inputs.push_back(std::move(in));
    return {};
  }

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
