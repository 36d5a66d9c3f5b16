// The conditions every figure above holds under: one list, and what changed while measuring.

#include <fmt/format.h>

#include <algorithm>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

constexpr size_t most_rows = 120;
constexpr int most_levels = 3;

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string named(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  for (const std::string unit : {" bytes", " khz", " c"}) {
    if (key.ends_with(unit)) key.resize(key.size() - unit.size());
  }
  return key;
}

std::string value_of(const std::string& key, const json& v) {
  if (auto x = number(v); x && key.ends_with("_bytes")) return bytes(*x);
  if (auto x = number(v); x && key.ends_with("_khz")) {
    return fmt::format("{} MHz", count(*x * 1e-3));
  }
  if (auto x = number(v); x && key.ends_with("_c")) return fmt::format("{:.1f} °C", *x);
  if (!v.is_array()) return anything(v);
  std::string all;
  for (const json* x : items(v, 32)) {
    const std::string one = anything(*x);
    if (!one.empty()) all += (all.empty() ? "" : ", ") + one;
  }
  return all;
}

// Nested objects flattened: "cgroup cpu max".
void flatten(const json& j, const std::string& prefix, int levels, Rows* out) {
  if (!j.is_object() || levels == 0) return;
  for (const auto& [key, v] : j.items()) {
    if (prefix.empty() && (key == "before" || key == "after")) continue;
    if (out->size() == most_rows) return;
    const std::string name = prefix + named(key.substr(0, 80));
    if (v.is_object()) {
      flatten(v, name + " ", levels - 1, out);
    } else if (const std::string s = value_of(key, v); !s.empty()) {
      out->emplace_back(name, s);
    }
  }
}

// What a reader looks for first, first.
size_t rank(const std::string& name) {
  constexpr const char* order[] = {"cpu",    "cores",    "threads",   "isa",
                                   "arch",   "mode",     "precision", "pinning",
                                   "kernel", "governor", "virtual",   "hone"};
  for (size_t i = 0; i < std::size(order); ++i) {
    if (name == order[i]) return i;
  }
  return std::size(order);
}

const char* css_of(const std::string& value) {
  return value.starts_with("unavailable") ? "words" : "";
}

Html pairs(const Rows& rows) {
  Html list;
  for (const auto& [name, value] : rows) {
    list += element("div", {},
                    element("dt", {}, name) + element("dd", {{"class", css_of(value)}}, value));
  }
  return list.empty() ? list : element("dl", {{"class", "pairs"}}, list);
}

// What a machine does not show is said, in one place, out of the way of what it does.
Html shown_and_not(const Rows& rows) {
  Rows shown, hidden;
  for (const auto& row : rows) (*css_of(row.second) != 0 ? hidden : shown).push_back(row);
  if (hidden.empty()) return pairs(shown);
  std::string names;
  for (const auto& [name, value] : hidden) names += (names.empty() ? "" : ", ") + name;
  return pairs(shown) + element("details", {},
                                element("summary", {},
                                        "Not readable on this "
                                        "machine: " +
                                            names) +
                                    pairs(hidden));
}

Html before_and_after(const json& conditions) {
  Rows before, after;
  flatten(at(conditions, {"before"}), "", most_levels, &before);
  flatten(at(conditions, {"after"}), "", most_levels, &after);
  Table t;
  t.head = {"While measuring", "Before", "After"};
  for (const auto& [name, value] : before) {
    std::string then = "–";
    for (const auto& [other, v] : after) {
      if (other == name) then = v;
    }
    t.rows.push_back({cell(name), cell(value, css_of(value)), cell(then, css_of(then))});
  }
  return html_of(t);
}

}  // namespace

Html conditions_section(const Place& place, const json& report) {
  const json& conditions = at(report, {"stages", "bench", "conditions"});
  Rows rows;
  flatten(conditions, "", most_levels, &rows);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return rank(a.first) < rank(b.first); });
  return section(place, "conditions", "Conditions",
                 shown_and_not(rows) + before_and_after(conditions));
}

Html replay_section(const Place& place, const json& report) {
  Html lines;
  for (const json* c : items(at(report, {"commands"}), 100)) {
    const std::string s = text(*c);
    if (!s.empty()) lines += element("code", {}, s);
  }
  Html body;
  if (!lines.empty()) body += element("pre", {{"class", "commands"}, {"tabindex", "0"}}, lines);
  Rows rows;
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) rows.emplace_back(name, value);
  };
  add("Hone", text(report, {"hone"}));
  add("created", text(report, {"created"}));
  add("engine hash", text(report, {"engine_hash"}));
  add("model hash", text(report, {"identity", "model_hash"}));
  add("preprocessing hash", text(report, {"identity", "preprocess_hash"}));
  flatten(at(report, {"identity", "target"}), "target ", most_levels, &rows);
  return section(place, "replay", lines.empty() ? "Identity" : "Replay and identity",
                 body + pairs(rows));
}

}  // namespace hone::ship::report
