// [model.NAME.input.INPUT]: from a picture to the model's input; docs/preprocess.md has each key.
#include <cmath>

#include "ship/project/toml_reader.h"

namespace hone::ship {

namespace {

using preprocess::Fit;
using preprocess::ImageContract;
using preprocess::PixelType;
using preprocess::Resize;

// In the order of the enums.
const std::vector<std::string> colors{"gray", "rgb", "bgr", "gray-cv2", "luma"};
const std::vector<std::string> layouts{"nchw", "nhwc"};
const std::vector<std::string> types{"f32", "u8", "s8"};
const std::vector<std::string> fit_words{"stretch", "letterbox", "crop"};
const std::vector<std::string> anchors{"center", "top-left"};
const std::vector<std::string> rules{"none",
                                     "cv2-nearest",
                                     "cv2-linear",
                                     "cv2-area",
                                     "pillow-nearest",
                                     "pillow-bilinear-aa",
                                     "pillow-bicubic-aa",
                                     "pillow12-bilinear-aa",
                                     "pillow12-bicubic-aa"};

class InputReader : private TomlReader {
 public:
  explicit InputReader(const TomlReader& reader) : TomlReader(reader) {}

  Result<InputSpec> read(const std::string& name, const toml::table& t) const {
    InputSpec in;
    in.name = name;
    size_t kind = 0;
    HONE_RETURN_IF_ERROR(word(t, "kind", {"image", "text", "tensor", "audio"}, &kind));
    in.kind = static_cast<InputSpec::Kind>(kind);
    switch (in.kind) {
      case InputSpec::Kind::image: HONE_RETURN_IF_ERROR(image(t, &in.image)); break;
      case InputSpec::Kind::text: HONE_RETURN_IF_ERROR(read_text_input(*this, t, &in.text)); break;
      case InputSpec::Kind::tensor:
        HONE_RETURN_IF_ERROR(read_tensor_input(*this, t, &in.tensor));
        break;
      case InputSpec::Kind::audio:
        HONE_RETURN_IF_ERROR(read_audio_input(*this, t, &in.audio));
        break;
    }
    return in;
  }

 private:
  Status image(const toml::table& t, ImageContract* contract) const {
    HONE_RETURN_IF_ERROR(only(t, "an input",
                              {"kind", "size", "color", "resize", "fit", "anchor", "short_side",
                               "fill", "type", "scale", "mean", "std", "layout"}));
    ImageContract& k = *contract;
    HONE_RETURN_IF_ERROR(choice(t, "color", colors, &k.color));
    HONE_RETURN_IF_ERROR(choice(t, "layout", layouts, &k.layout));
    HONE_RETURN_IF_ERROR(choice(t, "type", types, &k.type));
    HONE_RETURN_IF_ERROR(choice(t, "resize", rules, &k.resize));
    HONE_RETURN_IF_ERROR(choice(t, "fit", fit_words, &k.fit));
    HONE_RETURN_IF_ERROR(choice(t, "anchor", anchors, &k.anchor));
    HONE_RETURN_IF_ERROR(size(t, &k));
    HONE_RETURN_IF_ERROR(geometry(t, &k));
    return values(t, &k);
  }

  template <class Enum>
  Status choice(const toml::table& t, const char* key, const std::vector<std::string>& words,
                Enum* out) const {
    auto index = static_cast<size_t>(*out);
    HONE_RETURN_IF_ERROR(word(t, key, words, &index));
    *out = static_cast<Enum>(index);
    return {};
  }

  // A key that would change nothing is a misunderstanding.
  Status only_for(const toml::table& t, const char* key, bool applies, const char* what) const {
    const toml::node* node = t.get(key);
    if (node == nullptr || applies) return {};
    return fail(*node, fmt::format("'{}' is for {}", key, what));
  }

  Status size(const toml::table& t, ImageContract* k) const {
    float given[2] = {0, 0};
    if (!t.contains("size")) return fail(t, "the key 'size' is missing ([height, width])");
    HONE_RETURN_IF_ERROR(floats(t, "size", 2, given));
    const auto is_side = [](float v) {
      return v >= 1 && v <= preprocess::max_side && v == std::floor(v);
    };
    if (!is_side(given[0]) || !is_side(given[1])) {
      return fail(*t.get("size"), "'size' must be [height, width], each 1 to 65536");
    }
    k->height = static_cast<int32_t>(given[0]);
    k->width = static_cast<int32_t>(given[1]);
    return {};
  }

  Status geometry(const toml::table& t, ImageContract* k) const {
    HONE_RETURN_IF_ERROR(
        only_for(t, "anchor", k->fit != Fit::stretch, "fit = \"letterbox\" and fit = \"crop\""));
    HONE_RETURN_IF_ERROR(only_for(t, "short_side", k->fit == Fit::crop && k->resize != Resize::none,
                                  "fit = \"crop\" with a resize rule"));
    HONE_RETURN_IF_ERROR(only_for(t, "fill", k->fit == Fit::letterbox, "fit = \"letterbox\""));
    int64_t side = 0;
    HONE_RETURN_IF_ERROR(get(t, "short_side", "a whole number", &side));
    if (t.contains("short_side") &&
        (side < std::max(k->width, k->height) || side > preprocess::max_side)) {
      return fail(*t.get("short_side"), "'short_side' must be the larger side of 'size' to 65536");
    }
    k->short_side = static_cast<int32_t>(side);
    return fill(t, k);
  }

  // One level for all, or R, G, B.
  Status fill(const toml::table& t, ImageContract* k) const {
    const toml::node* node = t.get("fill");
    if (node == nullptr) return {};
    const Status bad = fail(*node, "'fill' must be 0 to 255, or three of them: R, G, B");
    const toml::array* list = node->as_array();
    if (list != nullptr && list->size() != 3) return bad;
    for (size_t c = 0; c < 3; ++c) {
      auto v = (list != nullptr ? *list->get(c) : *node).value_exact<int64_t>();
      if (!v || *v < 0 || *v > 255) return bad;
      k->fill[c] = static_cast<uint8_t>(*v);
    }
    return {};
  }

  Status values(const toml::table& t, ImageContract* k) const {
    for (const char* key : {"scale", "mean", "std"}) {
      HONE_RETURN_IF_ERROR(only_for(t, key, k->type == PixelType::f32,
                                    "type = \"f32\"; u8 holds the pixels, s8 the pixels less 128"));
    }
    double scale = 1;
    HONE_RETURN_IF_ERROR(get(t, "scale", "a number", &scale));
    if (!fits(scale)) return fail(*t.get("scale"), "'scale' must be a number");
    k->scale = static_cast<float>(scale);
    HONE_RETURN_IF_ERROR(floats(t, "mean", k->channels(), k->mean));
    HONE_RETURN_IF_ERROR(floats(t, "std", k->channels(), k->std));
    for (int c = 0; c < k->channels(); ++c) {
      if (!(k->std[c] > 0)) return fail(*t.get("std"), "'std' must be > 0");
    }
    return {};
  }
};

}  // namespace

Result<InputSpec> read_input_table(const TomlReader& reader, const std::string& name,
                                   const toml::table& table) {
  return InputReader(reader).read(name, table);
}

}  // namespace hone::ship
