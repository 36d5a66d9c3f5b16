// Where the time of a frame goes: preprocess, infer, postprocess. Means are drawn, because means
// add up; percentiles of parts do not add up to that of the whole.

#include <fmt/format.h>

#include <algorithm>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/plot.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

struct Part {
  const char* key;
  const char* name;
  const char* css;
};
constexpr Part parts[] = {{"wait", "wait", "part0"},
                          {"preprocess", "preprocess", "part1"},
                          {"infer", "infer", "part2"},
                          {"postprocess", "postprocess", "part3"}};

Html split_bar(const json& stages, double all) {
  Html rects, legend;
  double left = 0;
  std::string summary = "Mean time of a frame:";
  for (const Part& p : parts) {
    const auto mean = number(stages, {p.key, "mean"});
    if (!mean || *mean < 0) continue;
    const double width = *mean / all * 100;
    rects += element("rect", {{"x", percent(left)},
                              {"y", "0"},
                              {"width", percent(width)},
                              {"height", "100%"},
                              {"class", p.css}});
    left += width;
    const std::string name = fmt::format("{} {} ({:.0f} %)", p.name, milliseconds(*mean), width);
    summary += " " + name + ",";
    legend += element("li", {},
                      element("span", {{"class", std::string("key ") + p.css}}) + escaped(name));
  }
  return element("svg", {{"class", "split"}, {"role", "img"}, {"aria-label", summary}}, rects) +
         element("ul", {{"class", "legend"}}, legend);
}

}  // namespace

namespace {

// The parts of bench.stages_ms; without a hone.toml, at a rate, waiting and serving.
json parts_of(const json& bench) {
  const json& stages = at(bench, {"stages_ms"});
  if (stages.is_object()) return stages;
  if (!at(bench, {"service_ms"}).is_object()) return json::object();
  return {{"wait", at(bench, {"wait_ms"})},
          {"infer", at(bench, {"service_ms"})},
          {"total", at(bench, {"latency_ms"})}};
}

}  // namespace

Html stages_section(const Place& place, const json& report) {
  const json stages = parts_of(at(report, {"stages", "bench"}));
  double all = 0;
  for (const Part& p : parts) all += std::max(0.0, number(stages, {p.key, "mean"}).value_or(0));
  Table t;
  t.head = {"Part", "mean", "p50", "p90", "p95", "p99", "max"};
  t.numeric = {false, true, true, true, true, true, true};
  for (const char* key : {"wait", "preprocess", "infer", "postprocess", "total"}) {
    if (!at(stages, {key}).is_object()) continue;
    std::vector<Table::Cell> row = {cell(std::string(key) == "total" ? "total" : key)};
    for (size_t i = 1; i < t.head.size(); ++i) {
      row.push_back(cell(or_dash(number(stages, {key, t.head[i].c_str()}), milliseconds)));
    }
    t.rows.push_back(std::move(row));
  }
  Html body;
  if (all > 0) body += split_bar(stages, all);
  body += html_of(t);
  if (!t.rows.empty()) {
    body += paragraph("note",
                      "Means add up to the total's; percentiles do not. “–”: not claimable "
                      "from so few samples.");
  }
  return section(place, "stages", "Parts of the latency", body);
}

}  // namespace hone::ship::report
