#include "ship/project/project.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <sstream>

#include "common/base/nearest.h"
#include "host/graph/quote.h"
#include "host/model/files.h"
#include "host/model/toml.h"
#include "host/plan/profile_text.h"

namespace hone::ship {

namespace fs = std::filesystem;

namespace {

class Reader {
 public:
  explicit Reader(std::string path)
      : path_(std::move(path)), folder_(fs::path(path_).parent_path()) {}

  Result<Project> read(const toml::table& root) {
    HONE_RETURN_IF_ERROR(only(root, "", {"schema", "model", "target"}));
    auto schema = root["schema"].value<int64_t>();
    if (!schema) return fail(root, "the key 'schema' is missing (schema = 1)");
    if (*schema != 1) return fail(root, fmt::format("schema {} is not known (1 is)", *schema));
    Project p;
    p.folder = folder_.string();
    HONE_RETURN_IF_ERROR(each(root, "model", [&](const std::string& name, const toml::table& t) {
      return model(name, t, &p);
    }));
    HONE_RETURN_IF_ERROR(each(root, "target", [&](const std::string& name, const toml::table& t) {
      return target(name, t, &p);
    }));
    if (p.models.empty())
      return fail(root, "no [model.NAME] table; it names the model's onnx file");
    if (p.targets.empty()) return fail(root, "no [target.NAME] table; it holds threads and limits");
    return p;
  }

 private:
  Status fail(const toml::node& at, const std::string& text) const {
    return invalid(fmt::format("{}:{}: {}", path_, at.source().begin.line, graph::one_line(text)));
  }

  Status only(const toml::table& t, const std::string& where,
              const std::vector<std::string>& known) const {
    for (const auto& [key, value] : t) {
      std::string word(key.str());
      if (std::find(known.begin(), known.end(), word) != known.end()) continue;
      std::string near = nearest(word, known);
      return fail(value,
                  fmt::format("unknown key '{}'{}{}", word, where.empty() ? "" : " in " + where,
                              near.empty() ? fmt::format("; known: {}", fmt::join(known, ", "))
                                           : "; did you mean '" + near + "'?"));
    }
    return {};
  }

  template <class Fn>
  Status each(const toml::table& t, const char* key, Fn fn) const {
    const toml::node* node = t.get(key);
    if (node == nullptr) return {};
    if (!node->is_table()) return fail(*node, fmt::format("'{}' must be a table", key));
    // toml++ sorts keys; the file's order is the user's.
    std::vector<std::pair<std::string, const toml::table*>> children;
    for (const auto& [name, child] : *node->as_table()) {
      if (!child.is_table()) {
        return fail(child, fmt::format("'{}.{}' must be a table", key, name.str()));
      }
      children.emplace_back(name.str(), child.as_table());
    }
    std::stable_sort(children.begin(), children.end(), [](const auto& a, const auto& b) {
      return a.second->source().begin.line < b.second->source().begin.line;
    });
    for (const auto& [name, child] : children) HONE_RETURN_IF_ERROR(fn(name, *child));
    return {};
  }

  template <class T>
  Status get(const toml::table& t, const char* key, const char* type, T* out,
             bool required = false) const {
    const toml::node* node = t.get(key);
    if (node == nullptr) {
      return required ? fail(t, fmt::format("the key '{}' is missing", key)) : Status();
    }
    auto value = node->value<T>();
    if (!value) return fail(*node, fmt::format("'{}' must be {}", key, type));
    *out = *value;
    return {};
  }
  Status text(const toml::table& t, const char* key, std::string* out,
              bool required = false) const {
    return get(t, key, "a string", out, required);
  }
  Status path(const toml::table& t, const char* key, std::string* out,
              bool required = false) const {
    std::string given;
    HONE_RETURN_IF_ERROR(text(t, key, &given, required));
    if (!given.empty())
      *out = (fs::path(given).is_absolute() ? fs::path(given) : folder_ / given).string();
    return {};
  }
  Status limit(const toml::table& t, const char* key, std::optional<double>* out) const {
    if (!t.contains(key)) return {};
    double v = 0;
    HONE_RETURN_IF_ERROR(get(t, key, "a number", &v));
    if (!(v >= 0)) return fail(*t.get(key), fmt::format("'{}' must be >= 0", key));
    *out = v;
    return {};
  }

  // As a float that computes: neither NaN nor infinite.
  static bool fits(double v) { return std::abs(v) <= std::numeric_limits<float>::max(); }

  Status floats(const toml::table& t, const char* key, int count, float* out) const {
    const toml::node* node = t.get(key);
    if (node == nullptr) return {};
    const toml::array* a = node->as_array();
    if (a == nullptr || static_cast<int>(a->size()) != count) {
      return fail(*node, fmt::format("'{}' must be a list of {} number{}", key, count,
                                     count == 1 ? "" : "s"));
    }
    for (int i = 0; i < count; ++i) {
      auto v = (*a)[static_cast<size_t>(i)].value<double>();
      if (!v || !fits(*v)) return fail(*node, fmt::format("'{}' must hold numbers", key));
      out[i] = static_cast<float>(*v);
    }
    return {};
  }

  // One of several words; `*index` is which.
  Status word(const toml::table& t, const char* key, const std::vector<std::string>& words,
              size_t* index) const {
    const toml::node* node = t.get(key);
    if (node == nullptr) return {};
    std::string given;
    HONE_RETURN_IF_ERROR(text(t, key, &given));
    auto it = std::find(words.begin(), words.end(), given);
    if (it == words.end()) {
      std::string near = nearest(given, words);
      return fail(*node, fmt::format("{} = \"{}\" is not known; {}", key, given,
                                     near.empty() ? fmt::format("known: {}", fmt::join(words, ", "))
                                                  : "did you mean \"" + near + "\"?"));
    }
    *index = static_cast<size_t>(it - words.begin());
    return {};
  }

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

  Status output(const std::string& name, const toml::table& t, ModelSpec* m) const {
    HONE_RETURN_IF_ERROR(only(t, "an output", {"task", "labels"}));
    OutputSpec out;
    out.name = name;
    size_t task = 0;
    HONE_RETURN_IF_ERROR(word(t, "task", {"classification"}, &task));
    out.task = "classification";
    std::string labels;
    HONE_RETURN_IF_ERROR(path(t, "labels", &labels));
    if (!labels.empty()) {
      HONE_ASSIGN(std::string text, read_text(labels));
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (!line.empty()) out.labels.push_back(line);
      }
    }
    m->outputs.push_back(std::move(out));
    return {};
  }

  Status dataset(const toml::table& data, const char* key, std::optional<Dataset>* out) const {
    const toml::node* node = data.get(key);
    if (node == nullptr) return {};
    const toml::table* t = node->as_table();
    if (t == nullptr) return fail(*node, fmt::format("'{}' must be a table", key));
    HONE_RETURN_IF_ERROR(only(*t, key, {"format", "images", "labels", "limit"}));
    Dataset d;
    size_t format = 0;
    HONE_RETURN_IF_ERROR(word(*t, "format", {"idx"}, &format));
    d.format = "idx";
    HONE_RETURN_IF_ERROR(path(*t, "images", &d.images, true));
    HONE_RETURN_IF_ERROR(path(*t, "labels", &d.labels, true));
    HONE_RETURN_IF_ERROR(get(*t, "limit", "a whole number", &d.limit));
    if (d.limit < 0) return fail(*t->get("limit"), "'limit' must be >= 0");
    *out = std::move(d);
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

  Status model(const std::string& name, const toml::table& t, Project* p) const {
    HONE_RETURN_IF_ERROR(
        only(t, "a model", {"onnx", "golden", "profiles", "input", "output", "data"}));
    ModelSpec m;
    m.name = name;
    HONE_RETURN_IF_ERROR(path(t, "onnx", &m.onnx, true));
    HONE_RETURN_IF_ERROR(path(t, "golden", &m.golden));
    HONE_RETURN_IF_ERROR(profiles(t, &m));
    HONE_RETURN_IF_ERROR(each(
        t, "input", [&](const std::string& n, const toml::table& c) { return input(n, c, &m); }));
    HONE_RETURN_IF_ERROR(each(
        t, "output", [&](const std::string& n, const toml::table& c) { return output(n, c, &m); }));
    if (const toml::node* data = t.get("data")) {
      if (!data->is_table()) return fail(*data, "'data' must be a table");
      HONE_RETURN_IF_ERROR(only(*data->as_table(), "data", {"calibration", "evaluation"}));
      HONE_RETURN_IF_ERROR(dataset(*data->as_table(), "calibration", &m.calibration));
      HONE_RETURN_IF_ERROR(dataset(*data->as_table(), "evaluation", &m.evaluation));
    }
    p->models.push_back(std::move(m));
    return {};
  }

  Status target(const std::string& name, const toml::table& t, Project* p) const {
    HONE_RETURN_IF_ERROR(only(t, "a target", {"threads", "precision", "limits"}));
    TargetSpec s;
    s.name = name;
    int64_t threads = 1;
    HONE_RETURN_IF_ERROR(get(t, "threads", "a whole number", &threads));
    if (threads < 1 || threads > 256) return fail(*t.get("threads"), "'threads' must be 1 to 256");
    s.threads = static_cast<int>(threads);
    size_t precision = 0;
    HONE_RETURN_IF_ERROR(word(t, "precision", {"f32"}, &precision));
    if (const toml::node* limits = t.get("limits")) {
      const toml::table* l = limits->as_table();
      if (l == nullptr) return fail(*limits, "'limits' must be a table");
      HONE_RETURN_IF_ERROR(read_limits(*l, &s.limits));
    }
    p->targets.push_back(std::move(s));
    return {};
  }

  Status read_limits(const toml::table& t, Limits* l) const {
    const std::pair<const char*, std::optional<double>*> rows[] = {
        {"p50_ms", &l->p50_ms},
        {"p90_ms", &l->p90_ms},
        {"p95_ms", &l->p95_ms},
        {"p99_ms", &l->p99_ms},
        {"peak_memory_mb", &l->peak_memory_mb},
        {"engine_mb", &l->engine_mb},
        {"accuracy_drop", &l->accuracy_drop},
        {"class_drop", &l->class_drop},
        {"energy_mj", &l->energy_mj},
    };
    std::vector<std::string> known;
    for (const auto& [key, out] : rows) known.emplace_back(key);
    HONE_RETURN_IF_ERROR(only(t, "limits", known));
    for (const auto& [key, out] : rows) HONE_RETURN_IF_ERROR(limit(t, key, out));
    return {};
  }

  std::string path_;
  fs::path folder_;
};

}  // namespace

Result<Project> parse_project(std::string_view text, const std::string& path) {
  toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    return corrupt(fmt::format("{}:{}: {}", path, parsed.error().source().begin.line,
                               graph::one_line(parsed.error().description())));
  }
  return Reader(path).read(parsed.table());
}

Result<Project> load_project(const std::string& path) {
  HONE_ASSIGN(std::string text, read_text(path));
  return parse_project(text, path);
}

}  // namespace hone::ship
