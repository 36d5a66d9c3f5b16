// [target.NAME]: where the engine runs, and the limits that the gate holds it to.
#include <algorithm>

#include "common/base/nearest.h"
#include "host/engine/compile.h"
#include "ship/project/toml_reader.h"

namespace hone::ship {

namespace {

class TargetReader : private TomlReader {
 public:
  TargetReader(const TomlReader& reader, const std::vector<std::string>& labels)
      : TomlReader(reader), labels_(labels) {}

  Result<TargetSpec> read(const std::string& name, const toml::table& t) const {
    HONE_RETURN_IF_ERROR(
        only(t, "a target",
             {"threads", "precision", "tune", "max_latency_ms", "rate", "baseline", "limits"}));
    TargetSpec s;
    s.name = name;
    int64_t threads = 1;
    HONE_RETURN_IF_ERROR(get(t, "threads", "a whole number", &threads));
    if (threads < 1 || threads > 256) return fail(*t.get("threads"), "'threads' must be 1 to 256");
    s.threads = static_cast<int>(threads);
    HONE_RETURN_IF_ERROR(read_precision(t, &s.precision));
    HONE_RETURN_IF_ERROR(read_tune(t, &s));
    HONE_RETURN_IF_ERROR(path(t, "baseline", &s.baseline));
    HONE_RETURN_IF_ERROR(limit(t, "rate", 1e6, &s.limits.rate));
    if (s.limits.rate && *s.limits.rate < 1e-3) {
      return fail(*t.get("rate"), "'rate' must be 0.001 to 1e+06 frames per second");
    }
    if (const toml::node* limits = t.get("limits")) {
      const toml::table* l = limits->as_table();
      if (l == nullptr) return fail(*limits, "'limits' must be a table");
      HONE_RETURN_IF_ERROR(read_limits(*l, &s.limits));
      HONE_RETURN_IF_ERROR(make_sense(*l, s));
    }
    return s;
  }

 private:
  Status read_precision(const toml::table& t, std::string* precision) const {
    const std::vector<std::string> known(std::begin(engine::precisions),
                                         std::end(engine::precisions));
    auto at =
        static_cast<size_t>(std::find(known.begin(), known.end(), *precision) - known.begin());
    HONE_RETURN_IF_ERROR(word(t, "precision", known, &at));
    *precision = known[at];
    return {};
  }
  // A latency to keep asks for the search as well.
  Status read_tune(const toml::table& t, TargetSpec* s) const {
    HONE_RETURN_IF_ERROR(get(t, "tune", "true or false", &s->tune));
    HONE_RETURN_IF_ERROR(limit(t, "max_latency_ms", 0, &s->max_latency_ms));
    if (s->max_latency_ms && *s->max_latency_ms == 0) {
      return fail(*t.get("max_latency_ms"), "'max_latency_ms' must be > 0");
    }
    if (s->max_latency_ms && t.contains("tune") && !s->tune) {
      return fail(*t.get("tune"),
                  "'max_latency_ms' is what tuning aims at: leave out tune = false");
    }
    s->tune = s->tune || s->max_latency_ms;
    if (!s->tune || s->precision == "int8") return {};
    const char* key = s->max_latency_ms ? "max_latency_ms" : "tune";
    return fail(*t.get(key), fmt::format("'{}' chooses between int8 and f32: it needs precision = "
                                         "\"int8\"",
                                         key));
  }
  Status read_limits(const toml::table& t, Limits* l) const {
    std::vector<std::string> known;
    for (const LimitRow& row : limit_rows()) known.emplace_back(row.key);
    known.insert(known.end(), {"critical", "classes"});
    HONE_RETURN_IF_ERROR(only(t, "limits", known));
    for (const LimitRow& row : limit_rows()) {
      HONE_RETURN_IF_ERROR(limit(t, row.key, row.largest, &(l->*row.limit)));
    }
    HONE_RETURN_IF_ERROR(texts(t, "critical", &l->critical));
    for (const std::string& name : l->critical) {
      HONE_RETURN_IF_ERROR(is_class(*t.get("critical"), name));
    }
    const toml::node* classes = t.get("classes");
    if (classes == nullptr) return {};
    if (!classes->is_table()) return fail(*classes, "'classes' must be a table");
    for (const auto& [name, node] : *classes->as_table()) {
      HONE_RETURN_IF_ERROR(is_class(node, std::string(name.str())));
      std::optional<double> points;
      HONE_RETURN_IF_ERROR(limit(*classes->as_table(), name.str(), 100, &points));
      l->classes[std::string(name.str())] = *points;
    }
    return {};
  }

  // Some model knows the class, where models tell theirs.
  Status is_class(const toml::node& at, const std::string& name) const {
    if (labels_.empty() || std::find(labels_.begin(), labels_.end(), name) != labels_.end()) {
      return {};
    }
    const std::string near = nearest(name, labels_);
    return fail(at, fmt::format("no model has a class '{}'{}", name,
                                near.empty() ? "" : "; did you mean '" + near + "'?"));
  }

  // Limits that could never be judged.
  Status make_sense(const toml::table& t, const TargetSpec& s) const {
    const Limits& l = s.limits;
    if (l.deadline_misses && !l.rate) {
      return fail(*t.get("deadline_misses"),
                  "'deadline_misses' needs the target's frames per second (rate = 30)");
    }
    if (l.latency_increase && s.baseline.empty()) {
      return fail(*t.get("latency_increase"),
                  "'latency_increase' needs the target's baseline (baseline = \"old.engine\")");
    }
    if (l.critical_drop && l.critical.empty()) {
      return fail(*t.get("critical_drop"),
                  "'critical_drop' needs the classes it is about (critical = [\"person\"])");
    }
    for (const std::string& name : l.critical) {
      if (class_limit(l, name)) continue;
      return fail(*t.get("critical"), fmt::format("critical class '{}' has no limit; set "
                                                  "critical_drop",
                                                  name));
    }
    return {};
  }

  const std::vector<std::string>& labels_;
};

}  // namespace

Result<TargetSpec> read_target_table(const TomlReader& reader, const std::string& name,
                                     const toml::table& table,
                                     const std::vector<std::string>& labels) {
  return TargetReader(reader, labels).read(name, table);
}

}  // namespace hone::ship
