// [model.NAME.output.OUTPUT]: what the output means, and how it is judged.
#include <cmath>
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

class OutputReader : private TomlReader {
 public:
  explicit OutputReader(const TomlReader& reader) : TomlReader(reader) {}

  Result<OutputSpec> read(const std::string& name, const toml::table& t) const {
    OutputSpec out;
    out.name = name;
    std::vector<std::string> names;
    for (const tasks::Task* task : tasks::all_tasks()) names.emplace_back(task->name);
    size_t task = 0;
    HONE_RETURN_IF_ERROR(word(t, "task", names, &task));
    out.task = names[task];
    std::vector<std::string> known = {"task", "outputs"};
    if (out.task == "super_resolution") {
      known.insert(known.end(), {"peak", "border", "luma", "layout"});
    } else {
      known.emplace_back("labels");
    }
    if (out.task == "classification") known.emplace_back("metric");
    if (out.task == "detection") {
      known.insert(known.end(), {"decode", "score_threshold", "iou_threshold", "max_detections",
                                 "strides", "score", "y_first", "background", "label_offset",
                                 "suppress", "multi_label", "class_agnostic"});
    }
    HONE_RETURN_IF_ERROR(only(t, "an output", known));
    HONE_RETURN_IF_ERROR(texts(t, "outputs", &out.outputs));
    HONE_RETURN_IF_ERROR(text(t, "metric", &out.metric));
    if (out.task == "detection") HONE_RETURN_IF_ERROR(detection(t, &out.detection));
    if (out.task == "super_resolution") HONE_RETURN_IF_ERROR(psnr(t, &out.psnr));
    std::string labels;
    HONE_RETURN_IF_ERROR(path(t, "labels", &labels));
    if (!labels.empty()) {
      HONE_ASSIGN(out.labels, read_labels(labels));
      // What the task lacks is said here, where the line is known.
      auto made = tasks::make_evaluator(out);
      if (!made.ok()) return fail(t, made.status().text());
    }
    return out;
  }

 private:
  Status detection(const toml::table& t, tasks::DetectionSpec* d) const {
    if (!t.contains("decode")) return fail(t, "the key 'decode' is missing");
    const std::vector<std::string> decodes = tasks::decode_names();
    size_t decode = 0, score = 0;
    HONE_RETURN_IF_ERROR(word(t, "decode", decodes, &decode));
    d->decode = decodes[decode];
    HONE_RETURN_IF_ERROR(word(t, "score", {"none", "sigmoid", "softmax"}, &score));
    d->activation = static_cast<tasks::ScoreActivation>(score);
    HONE_RETURN_IF_ERROR(share(t, "score_threshold", &d->nms.score_threshold));
    HONE_RETURN_IF_ERROR(share(t, "iou_threshold", &d->nms.iou_threshold));
    HONE_RETURN_IF_ERROR(whole(t, "max_detections", 1, &d->nms.max_detections));
    HONE_RETURN_IF_ERROR(whole(t, "background", 0, &d->background));
    HONE_RETURN_IF_ERROR(whole(t, "label_offset", 0, &d->label_offset));
    HONE_RETURN_IF_ERROR(get(t, "y_first", "true or false", &d->y_first));
    HONE_RETURN_IF_ERROR(get(t, "suppress", "true or false", &d->suppress));
    HONE_RETURN_IF_ERROR(get(t, "multi_label", "true or false", &d->multi_label));
    HONE_RETURN_IF_ERROR(get(t, "class_agnostic", "true or false", &d->nms.class_agnostic));
    const toml::node* strides = t.get("strides");
    if (strides == nullptr) return {};
    const Status bad = fail(*strides, "'strides' must be a list of whole numbers, 1 to 4096");
    if (!strides->is_array()) return bad;
    d->strides.clear();
    for (const toml::node& s : *strides->as_array()) {
      const auto v = s.value_exact<int64_t>();
      if (!v || *v < 1 || *v > 4096) return bad;
      d->strides.push_back(static_cast<int32_t>(*v));
    }
    return d->strides.empty() ? bad : Status();
  }

  Status psnr(const toml::table& t, tasks::PsnrOptions* p) const {
    HONE_RETURN_IF_ERROR(get(t, "peak", "a number", &p->peak));
    if (!fits(p->peak) || p->peak <= 0) return fail(*t.get("peak"), "'peak' must be > 0");
    int32_t border = 0;
    HONE_RETURN_IF_ERROR(whole(t, "border", 0, &border));
    p->border = border;
    HONE_RETURN_IF_ERROR(get(t, "luma", "true or false", &p->luma));
    size_t layout = 0;
    HONE_RETURN_IF_ERROR(word(t, "layout", {"nchw", "nhwc"}, &layout));
    p->channels_last = layout == 1;
    return {};
  }

  Status share(const toml::table& t, const char* key, float* out) const {
    double v = static_cast<double>(*out);
    HONE_RETURN_IF_ERROR(get(t, key, "a number", &v));
    if (!(v >= 0 && v <= 1)) return fail(*t.get(key), fmt::format("'{}' must be 0 to 1", key));
    *out = static_cast<float>(v);
    return {};
  }
  Status whole(const toml::table& t, const char* key, int64_t least, int32_t* out) const {
    int64_t v = *out;
    HONE_RETURN_IF_ERROR(get(t, key, "a whole number", &v));
    if (t.contains(key) && (v < least || v > 1000000)) {
      return fail(*t.get(key), fmt::format("'{}' must be {} to 1000000", key, least));
    }
    *out = static_cast<int32_t>(v);
    return {};
  }
};

}  // namespace

Result<OutputSpec> read_output_table(const TomlReader& reader, const std::string& name,
                                     const toml::table& table) {
  return OutputReader(reader).read(name, table);
}

}  // namespace hone::ship
