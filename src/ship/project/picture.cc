#include "ship/project/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "host/model/json_text.h"
#include "host/tasks/picture_file.h"

namespace hone::ship {

using nlohmann::json;
using preprocess::ImageContract;

namespace {

json to_json(const ImageContract& k) {
  auto channels = static_cast<size_t>(k.channels());
  return {{"kind", "image"},
          {"size", {k.height, k.width}},
          {"color", static_cast<int>(k.color)},
          {"layout", static_cast<int>(k.layout)},
          {"scale", k.scale},
          {"mean", std::vector<float>(k.mean, k.mean + channels)},
          {"std", std::vector<float>(k.std, k.std + channels)}};
}

// The engine's checksum vouches for the text, but not that Hone wrote it: types are checked.
Result<ImageContract> from_json(const json& j) {
  Status bad = corrupt("the engine's preprocessing contract is damaged");
  if (!j.is_object() || !j.contains("size") || !j["size"].is_array() || j["size"].size() != 2)
    return bad;
  ImageContract k;
  for (int i = 0; i < 2; ++i) {
    if (!j["size"][static_cast<size_t>(i)].is_number_integer()) return bad;
  }
  k.height = j["size"][0].get<int32_t>();
  k.width = j["size"][1].get<int32_t>();
  if (k.height < 1 || k.width < 1 || k.height > 65536 || k.width > 65536) return bad;
  for (const char* key : {"color", "layout"}) {
    if (!j.contains(key) || !j[key].is_number_integer()) return bad;
  }
  int color = j["color"].get<int>(), layout = j["layout"].get<int>();
  if (color < 0 || color > 2 || layout < 0 || layout > 1) return bad;
  k.color = static_cast<preprocess::Color>(color);
  k.layout = static_cast<preprocess::PixelLayout>(layout);
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

std::vector<std::pair<std::string, std::string>> contract_properties(const ModelSpec& model) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const InputSpec& in : model.inputs)
    out.emplace_back("input." + in.name, json_text(to_json(in.image)));
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

preprocess::Picture view_of(const tasks::DecodedPicture& p) {
  return {p.pixels.data(), p.width, p.height, p.channels,
          static_cast<int64_t>(p.width) * p.channels};
}

Result<Tensor> to_input(const ImageContract& k, const preprocess::Picture& picture) {
  Dims dims = k.layout == preprocess::PixelLayout::nchw ? Dims{1, k.channels(), k.height, k.width}
                                                        : Dims{1, k.height, k.width, k.channels()};
  Tensor t(DType::f32, dims);
  auto s = preprocess::image_to_tensor(k, picture, static_cast<float*>(t.mutable_data()));
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
  HONE_ASSIGN(ImageContract k, from_json(json::parse(text, nullptr, false)));
  HONE_ASSIGN(tasks::DecodedPicture p, tasks::read_picture(path));
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
