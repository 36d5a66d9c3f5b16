#include "ship/report/precision_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "ship/report/fields.h"
#include "ship/report/format.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

constexpr size_t most_layers = 1000;

struct Layer {
  std::string name, chosen, why;
  std::optional<double> f32, int8, error;
  double slowest() const { return std::max(f32.value_or(0), int8.value_or(0)); }
};

// Those that take longest first.
std::vector<Layer> layers_of(const json& tune) {
  std::vector<Layer> out;
  for (const json* j : items(at(tune, {"layers"}), most_layers)) {
    std::string name;
    for (const json* node : items(at(*j, {"nodes"}), 20)) {
      name += (name.empty() ? "" : " + ") + text(*node, 600);
    }
    out.push_back({name, text(at(*j, {"chosen"}), 40), text(at(*j, {"why"}), 300),
                   number(*j, {"us", "f32"}), number(*j, {"us", "int8"}),
                   number(*j, {"error", "int8"})});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Layer& a, const Layer& b) { return a.slowest() > b.slowest(); });
  return out;
}

std::string microseconds(const std::optional<double>& us) {
  return us ? fmt::format("{:.1f} µs", *us) : "";
}

Html totals(const json& tune) {
  Html out = tile("a run in f32", microseconds(number(tune, {"us", "f32"})), "");
  out += tile("all that can in int8", microseconds(number(tune, {"us", "int8"})), "");
  std::string note;
  if (const auto limit = number(tune, {"max_us"})) {
    note = fmt::format("{} were asked for", microseconds(limit));
  }
  const auto interval = items(at(tune, {"us", "measured_interval"}), 2);
  if (interval.size() == 2) {
    note += fmt::format("{}{} to {} (98 %)", note.empty() ? "" : "; ",
                        microseconds(number(*interval[0])), microseconds(number(*interval[1])));
  }
  out += tile("chosen", microseconds(number(tune, {"us", "measured"})), note);
  note.clear();
  if (const auto pm = number(tune, {"us", "predicted_pm"})) {
    note = fmt::format("± {} by the medians of its layers", microseconds(pm));
  }
  out += tile("predicted", microseconds(number(tune, {"us", "predicted"})), note);
  if (const auto used = number(tune, {"limit_used"})) {
    out += tile("accuracy used", fmt::format("{:.0f} %", 100 * *used), "of what may be lost");
  }
  return element("dl", {{"class", "tiles"}}, out);
}

Table layer_table(const std::vector<Layer>& layers, bool floats) {
  Table t;
  t.css = "layers stack";
  t.sortable = true;
  t.head = {"Layer", "f32", "int8", "Error", "Chosen"};
  t.numeric = {false, true, true, true, false};
  if (floats) {
    t.head.emplace_back("Why");
    t.numeric.push_back(false);
  }
  for (const Layer& l : layers) {
    if ((l.chosen == "f32") != floats) continue;
    std::vector<Table::Cell> row = {
        cell(layer_name(l.name)), cell(microseconds(l.f32)), cell(microseconds(l.int8)),
        cell(l.error ? fmt::format("{:.2f} %", 100 * *l.error) : ""), cell(l.chosen)};
    row[1].sort_by = fmt::format("{:.2f}", l.f32.value_or(0));
    row[2].sort_by = fmt::format("{:.2f}", l.int8.value_or(0));
    if (floats) row.push_back(cell(l.why, "words"));
    t.rows.push_back(std::move(row));
  }
  return t;
}

}  // namespace

Html precision_search(const Place& place, const json& quantize) {
  const json& tune = at(quantize, {"tune"});
  const std::vector<Layer> layers = layers_of(tune);
  if (layers.empty()) return {};
  Html out = heading(place.level + 1, "Precision by layer");
  const auto threads = number(tune, {"threads"});
  out += paragraph(
      "lead",
      fmt::format(
          "Timed in f32 and in int8, in turns, on {}{}: {}. The error is the share "
          "of what may be lost that a layer takes in int8.",
          text(at(tune, {"cpu"}), 80),
          threads ? fmt::format(", {:.0f} thread{}", *threads, *threads == 1 ? "" : "s") : "",
          text(at(tune, {"summary"}), 300)));
  out += totals(tune);
  const Table floats = layer_table(layers, true), others = layer_table(layers, false);
  if (!floats.rows.empty()) out += html_of(floats);
  if (!others.rows.empty()) {
    const Html table = html_of(others);
    out += element(
        "details", {},
        element("summary", {}, fmt::format("{} in other precisions", others.rows.size())) + table);
  }
  return out;
}

}  // namespace hone::ship::report
