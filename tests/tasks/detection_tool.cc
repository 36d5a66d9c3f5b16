// What the tests of detection ask of the C++ side, for NumPy and pycocotools to judge:
//   detection_tool evaluate IN.npz   boxes and truths of pictures -> the summary as JSON
//   detection_tool detect IN.npz     a model's outputs for pictures -> boxes as JSON
//   detection_tool labels FOLDER SIZES.npz   a YOLO folder -> its truths as JSON
// In IN.npz `spec` holds JSON as bytes. Arrays are described where they are read.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "host/model/json_text.h"
#include "host/model/tensor_files.h"
#include "host/tasks/detection/detector.h"
#include "host/tasks/detection/mean_average_precision.h"
#include "host/tasks/detection/yolo_labels.h"

namespace {

using namespace hone;
using nlohmann::json;
using Arrays = std::map<std::string, Tensor>;

json spec_of(const Arrays& in) {
  const auto bytes = in.at("spec").as<uint8_t>();
  return json::parse(bytes.begin(), bytes.end());
}

json numbers(const std::vector<double>& values) {
  json out = json::array();
  for (double v : values) out.push_back(v == v ? json(v) : json(-1));  // pycocotools' nothing
  return out;
}

// boxes [n, 7]: picture, x0, y0, x1, y1, score, label; truths [m, 8]: picture, x, y, width, height,
// label, crowd, area. spec: pictures, and `resamples`, lists of pictures.
Result<json> evaluate(const Arrays& in) {
  const json spec = spec_of(in);
  const std::vector<double> b = to_doubles(in.at("boxes")), t = to_doubles(in.at("truths"));
  std::vector<std::vector<tasks::Box>> boxes(spec.at("pictures").get<size_t>());
  std::vector<std::vector<tasks::Truth>> truths(boxes.size());
  const auto f = [](double v) { return static_cast<float>(v); };
  for (size_t i = 0; i + 7 <= b.size(); i += 7) {
    boxes.at(static_cast<size_t>(b[i]))
        .push_back({f(b[i + 1]), f(b[i + 2]), f(b[i + 3]), f(b[i + 4]), f(b[i + 5]),
                    static_cast<int32_t>(b[i + 6])});
  }
  for (size_t i = 0; i + 8 <= t.size(); i += 8) {
    truths.at(static_cast<size_t>(t[i]))
        .push_back({t[i + 1], t[i + 2], t[i + 3], t[i + 4], static_cast<int32_t>(t[i + 5]),
                    t[i + 6] != 0, t[i + 7]});
  }
  tasks::MeanAveragePrecision map;
  for (size_t i = 0; i < boxes.size(); ++i) map.add(boxes[i], truths[i]);
  const tasks::PrecisionSummary s = map.summary();
  const auto stats = s.stats();
  std::vector<double> per_class;
  for (const tasks::ClassPrecision& c : s.classes) per_class.push_back(c.map50_95);
  std::vector<double> resampled;
  const tasks::MapOverPictures over = map.over_pictures();
  for (const json& r : spec.at("resamples"))
    resampled.push_back(over(r.get<std::vector<int32_t>>()));
  return json{{"stats", numbers({stats.begin(), stats.end()})},
              {"classes", numbers(per_class)},
              {"resampled", numbers(resampled)}};
}

tasks::DetectionSpec detection_spec(const json& j, const Arrays& in) {
  tasks::DetectionSpec s;
  s.decode = j.at("decode");
  s.classes = j.value("classes", s.classes);
  s.input_width = j.value("width", 0);
  s.input_height = j.value("height", 0);
  s.strides = j.value("strides", s.strides);
  s.multi_label = j.value("multi_label", s.multi_label);
  s.background = j.value("background", s.background);
  s.activation = static_cast<tasks::ScoreActivation>(j.value("activation", 0));
  s.label_offset = j.value("label_offset", s.label_offset);
  s.y_first = j.value("y_first", s.y_first);
  s.suppress = j.value("suppress", s.suppress);
  s.clip = j.value("clip", s.clip);
  s.nms.iou_threshold = j.value("iou", s.nms.iou_threshold);
  s.nms.score_threshold = j.value("score", s.nms.score_threshold);
  s.nms.max_detections = j.value("most", s.nms.max_detections);
  s.nms.class_agnostic = j.value("agnostic", s.nms.class_agnostic);
  if (in.count("priors") > 0) s.priors = in.at("priors");
  std::vector<tasks::PriorLevel> levels;
  for (const json& l : j.value("square_priors", json::array())) {
    levels.push_back({l.at(0).get<int32_t>(), l.at(1).get<std::vector<float>>()});
  }
  if (!levels.empty()) s.priors = tasks::square_priors(s.input_width, s.input_height, levels);
  return s;
}

// output_0, output_1 ...: [pictures, ...]; geometry [pictures, 6]: picture's width, height, left,
// top, scale_x, scale_y.
Result<json> detect(const Arrays& in) {
  const tasks::DetectionSpec spec = detection_spec(spec_of(in), in);
  const std::vector<double> g = to_doubles(in.at("geometry"));
  json out = json::array();
  for (size_t i = 0; i < g.size() / 6; ++i) {
    std::vector<Tensor> outputs;
    for (auto at = in.find("output_0"); at != in.end();
         at = in.find(fmt::format("output_{}", outputs.size()))) {
      Dims dims = at->second.dims();
      const int64_t bytes = at->second.bytes() / dims[0];
      dims[0] = 1;
      const auto* data =
          static_cast<const std::byte*>(at->second.data()) + static_cast<ptrdiff_t>(i) * bytes;
      outputs.push_back(
          Tensor::view(at->second.dtype(), dims, data, std::make_shared<Tensor>(at->second)));
    }
    const double* v = g.data() + 6 * i;
    const tasks::Geometry geometry{
        static_cast<int32_t>(v[0]), static_cast<int32_t>(v[1]), v[2], v[3], v[4], v[5]};
    HONE_ASSIGN(const auto boxes, tasks::detect(spec, outputs, geometry));
    json rows = json::array();
    for (const tasks::Box& b : boxes) {
      rows.push_back({b.x0, b.y0, b.x1, b.y1, b.score, b.label});
    }
    out.push_back(rows);
  }
  return out;
}

// sizes [pictures, 2]: width, height.
Result<json> labels(const std::string& folder, const Arrays& in) {
  HONE_ASSIGN(const tasks::YoloFolder found, tasks::open_yolo_folder(folder));
  const std::vector<double> sizes = to_doubles(in.at("sizes"));
  json pictures = json::array();
  for (size_t i = 0; i < found.pictures.size(); ++i) {
    const tasks::LabelledPicture& p = found.pictures[i];
    std::vector<tasks::Truth> truths;
    if (!p.labels.empty()) {
      const auto size = [&](size_t k) { return static_cast<int32_t>(sizes.at(2 * i + k)); };
      HONE_ASSIGN(truths, tasks::read_yolo_labels(p.labels, 80, size(0), size(1)));
    }
    json rows = json::array();
    for (const tasks::Truth& t : truths) rows.push_back({t.x, t.y, t.width, t.height, t.label});
    pictures.push_back(
        {{"stem", std::filesystem::path(p.picture).stem().string()}, {"truths", rows}});
  }
  return json{{"pictures", pictures}, {"orphans", found.orphans}};
}

Result<json> answer(const std::vector<std::string>& words) {
  if (words.size() < 2) return invalid("usage: see the source");
  HONE_ASSIGN(const Arrays in, model::read_npz(words.back()));
  if (words[0] == "evaluate") return evaluate(in);
  if (words[0] == "detect") return detect(in);
  if (words[0] == "labels" && words.size() == 3) return labels(words[1], in);
  return invalid("usage: see the source");
}

}  // namespace

int main(int argc, char** argv) {
  const auto out = answer({argv + 1, argv + argc});
  if (!out.ok()) {
    std::fprintf(stderr, "%s\n", out.status().text().c_str());
    return 2;
  }
  std::puts(json_text(*out).c_str());
  return 0;
}
