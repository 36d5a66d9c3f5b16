#include "ship/project/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/base/hash.h"
#include "host/model/files.h"
#include "host/model/json_text.h"
#include "host/model/picture_file.h"

namespace hone::ship {

using nlohmann::json;
using preprocess::ImageContract;

namespace {

// What a picture may claim of memory beyond its own; a real one takes a few MB.
constexpr int64_t max_scratch = int64_t{1} << 30;

json to_json(const ImageContract& k) {
  auto channels = static_cast<size_t>(k.channels());
  return {{"kind", "image"},
          {"size", {k.height, k.width}},
          {"color", static_cast<int>(k.color)},
          {"layout", static_cast<int>(k.layout)},
          {"type", static_cast<int>(k.type)},
          {"resize", static_cast<int>(k.resize)},
          {"fit", static_cast<int>(k.fit)},
          {"anchor", static_cast<int>(k.anchor)},
          {"short_side", k.short_side},
          {"fill", {k.fill[0], k.fill[1], k.fill[2]}},
          {"scale", k.scale},
          {"mean", std::vector<float>(k.mean, k.mean + channels)},
          {"std", std::vector<float>(k.std, k.std + channels)}};
}

// A whole number from `low` to `high`; a key that is absent, as in engines of before it existed,
// leaves *out as it is.
template <class T>
bool whole(const json& j, const char* key, int64_t low, int64_t high, T* out) {
  if (!j.contains(key)) return true;
  if (!j[key].is_number_integer()) return false;
  const auto v = j[key].get<int64_t>();
  if (v < low || v > high) return false;
  *out = static_cast<T>(v);
  return true;
}

bool geometry_from_json(const json& j, ImageContract* k) {
  using namespace preprocess;
  if (!j.contains("size") || !j["size"].is_array() || j["size"].size() != 2) return false;
  const json sides = {{"height", j["size"][0]}, {"width", j["size"][1]}};
  bool good = whole(sides, "height", 1, max_side, &k->height) &&
              whole(sides, "width", 1, max_side, &k->width) &&
              whole(j, "resize", 0, static_cast<int>(Resize::pillow12_bicubic_aa), &k->resize) &&
              whole(j, "fit", 0, static_cast<int>(Fit::crop), &k->fit) &&
              whole(j, "anchor", 0, static_cast<int>(Anchor::top_left), &k->anchor) &&
              whole(j, "short_side", 0, max_side, &k->short_side);
  if (!good || !j.contains("fill")) return good;
  if (!j["fill"].is_array() || j["fill"].size() != 3) return false;
  for (size_t c = 0; c < 3; ++c) {
    const json level = {{"level", j["fill"][c]}};
    if (!whole(level, "level", 0, 255, &k->fill[c])) return false;
  }
  return true;
}

// The engine's checksum vouches for the text, but not that Hone wrote it: types are checked.
Result<ImageContract> from_json(const json& j) {
  using namespace preprocess;
  Status bad = corrupt("the engine's preprocessing contract is damaged");
  if (j.is_object() && j.contains("kind") && j["kind"].is_string() && j["kind"] != "image") {
    return unsupported("the engine's input is not made from a picture");
  }
  if (!j.is_object() || !j.contains("color") || !j.contains("layout")) return bad;
  ImageContract k;
  if (!geometry_from_json(j, &k) ||
      !whole(j, "color", 0, static_cast<int>(Color::luma), &k.color) ||
      !whole(j, "layout", 0, static_cast<int>(PixelLayout::nhwc), &k.layout) ||
      !whole(j, "type", 0, static_cast<int>(PixelType::s8), &k.type)) {
    return bad;
  }
  if (!j.contains("scale") || !j["scale"].is_number()) return bad;
  k.scale = j["scale"].get<float>();
  for (auto [key, out] : {std::pair("mean", k.mean), std::pair("std", k.std)}) {
    if (!j.contains(key) || !j[key].is_array() || static_cast<int>(j[key].size()) != k.channels()) {
      return bad;
    }
    for (size_t c = 0; c < j[key].size(); ++c) {
      if (!j[key][c].is_number()) return bad;
      out[c] = j[key][c].get<float>();
    }
  }
  return k;
}

}  // namespace

std::string contract_text(const ImageContract& contract) { return json_text(to_json(contract)); }

Result<ImageContract> parse_contract(std::string_view text) {
  return from_json(json::parse(text, nullptr, false));
}

namespace {

json to_json(const TextInput& in) {
  auto file = map_file(in.tokenizer);
  return {{"kind", "text"},
          {"tokenizer", file.ok() ? fmt::format("{:016x}", hash64(file->bytes)) : ""},
          {"lower_case", in.lower_case},
          {"max_length", in.max_length},
          {"pad", in.pad},
          {"part", static_cast<int>(in.part)}};
}

json to_json(const TensorInput& in) {
  json j = {{"kind", "tensor"}};
  if (in.converts) j["zero"] = in.zero, j["scale"] = in.scale;
  return j;
}

json to_json(const preprocess::MfccContract& k) {
  return {{"kind", "audio"},
          {"sample_rate", k.sample_rate},
          {"samples", k.samples},
          {"window", k.window},
          {"stride", k.stride},
          {"filters", k.filters},
          {"coefficients", k.coefficients},
          {"low_hz", k.low_hz},
          {"high_hz", k.high_hz},
          {"type", static_cast<int>(k.type)},
          {"scale", k.scale},
          {"zero_point", k.zero_point}};
}

std::string input_text(const InputSpec& in) {
  switch (in.kind) {
    case InputSpec::Kind::text: return json_text(to_json(in.text));
    case InputSpec::Kind::tensor: return json_text(to_json(in.tensor));
    case InputSpec::Kind::audio: return json_text(to_json(in.audio));
    case InputSpec::Kind::image: break;
  }
  return contract_text(in.image);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> contract_properties(const ModelSpec& model) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const InputSpec& in : model.inputs) out.emplace_back("input." + in.name, input_text(in));
  for (const OutputSpec& o : model.outputs) {
    if (!o.labels.empty()) out.emplace_back("labels." + o.name, json_text(o.labels));
  }
  return out;
}

bool is_picture(const std::string& path) {
  std::string e = std::filesystem::path(path).extension().string();
  std::transform(e.begin(), e.end(), e.begin(), [](unsigned char c) { return std::tolower(c); });
  return e == ".png" || e == ".jpg" || e == ".jpeg";
}

preprocess::Picture view_of(const model::DecodedPicture& p) { return view_of(p, p.pixels.data()); }

preprocess::Picture view_of(const model::DecodedPicture& p, const uint8_t* pixels) {
  const int64_t width = p.width;
  if (!p.nv12) return {pixels, p.width, p.height, p.channels, width * p.channels};
  return {pixels, p.width, p.height, p.channels, width, pixels + width * p.height, width};
}

DType type_of(const ImageContract& k) {
  switch (k.type) {
    case preprocess::PixelType::u8: return DType::u8;
    case preprocess::PixelType::s8: return DType::i8;
    default: return DType::f32;
  }
}

Result<Tensor> to_input(const ImageContract& k, const preprocess::Picture& picture) {
  Dims dims = k.layout == preprocess::PixelLayout::nchw ? Dims{1, k.channels(), k.height, k.width}
                                                        : Dims{1, k.height, k.width, k.channels()};
  const int64_t bytes = preprocess::scratch_bytes(k, picture);
  if (bytes > max_scratch) {
    return unsupported(fmt::format("the picture of {}x{} would take {} MB of scratch to resize",
                                   picture.width, picture.height, bytes >> 20));
  }
  Tensor t(type_of(k), dims);
  std::vector<uint8_t> scratch(static_cast<size_t>(bytes));
  auto s = preprocess::image_to_tensor(k, picture, t.mutable_data(), {scratch.data(), bytes});
  if (!s.ok()) return Status(s.code(), s.text().c_str());
  return t;
}

Result<Tensor> read_picture_for(const Session& session, const std::string& input,
                                const std::string& path) {
  const char* text = session.engine().property(("input." + input).c_str());
  if (text == nullptr) {
    return unsupported(
        fmt::format("{}: the engine carries no preprocessing for input '{}'; give an .npy, or "
                    "build with hone ship",
                    path, input));
  }
  HONE_ASSIGN(ImageContract k, parse_contract(text));
  HONE_ASSIGN(model::DecodedPicture p, model::read_picture(path));
  auto t = to_input(k, view_of(p));
  if (!t.ok()) return in(path, t.status());
  return t;
}

std::vector<std::string> labels_of(const Session& session, const std::string& output) {
  const char* text = session.engine().property(("labels." + output).c_str());
  std::vector<std::string> labels;
  if (text == nullptr) return labels;
  json j = json::parse(text, nullptr, false);
  if (!j.is_array()) return labels;
  for (const json& label : j) labels.push_back(label.is_string() ? label.get<std::string>() : "?");
  return labels;
}

std::vector<std::pair<std::string, double>> top_classes(const Tensor& scores,
                                                        const std::vector<std::string>& labels,
                                                        int count) {
  std::vector<double> p = to_doubles(scores);
  double most = *std::max_element(p.begin(), p.end()), sum = 0;
  for (double& v : p) sum += v = std::exp(v - most);
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] > p[b]; });
  order.resize(std::min(order.size(), static_cast<size_t>(count)));
  std::vector<std::pair<std::string, double>> out;
  for (size_t i : order) out.emplace_back(labels[i], p[i] / sum);
  return out;
}

}  // namespace hone::ship
