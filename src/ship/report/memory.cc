// What the engine needs of memory, on one scale from zero, and its course where it was recorded.

#include <fmt/format.h>

#include <algorithm>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/plot.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

struct Figure {
  const char* key;
  const char* name;
};
constexpr Figure figures[] = {
    {"peak_rss_bytes", "Peak resident, fresh process"},
    {"process_peak_rss_bytes", "Peak resident, the measuring process"},
    {"cgroup_peak_bytes", "Peak of the control group"},
    {"engine_bytes", "Engine file"},
    {"weights_bytes", "Weights"},
    {"arena_bytes", "Arena"},
    {"context_bytes", "Context"},
};

// Seconds, or steps, against bytes; whatever key of bytes it has.
Html course(const Place& place, const json& timeline) {
  Points points;
  double top = 0;
  bool steps = false;
  for (const json* m : items(timeline, 2000)) {
    auto x = number(*m, {"t_s"});
    if (!x) x = number(*m, {"step"}), steps = true;
    auto y = number(*m, {"rss_bytes"});
    if (!y) y = number(*m, {"bytes"});
    if (!x || !y || *y < 0 || (!points.empty() && *x <= points.back().first)) continue;
    points.emplace_back(*x, *y * 1e-6);
    top = std::max(top, *y * 1e-6);
  }
  if (points.size() < 2) return {};
  Plot p(fmt::format("Memory, at most {} MB", figure(top)),
         tight_axis(points.front().first, points.back().first), linear_axis(0, top, 4));
  p.label_x(steps ? "step" : "seconds");
  p.label_y("MB");
  p.line(points, "line");
  return heading(place.level + 1, steps ? "Over the steps" : "Over time") + p.html();
}

}  // namespace

Html memory_section(const Place& place, const json& report) {
  const json& memory = at(report, {"stages", "bench", "memory"});
  double top = 0;
  for (const Figure& f : figures) top = std::max(top, number(memory, {f.key}).value_or(0));
  Table t;
  t.css = "memory";
  t.head = {"Memory", "From zero, one scale", "Size"};
  t.numeric = {false, false, true};
  for (const Figure& f : figures) {
    const auto v = number(memory, {f.key});
    const std::string why = text(memory, {f.key});
    if (v && *v >= 0 && top > 0) {
      t.rows.push_back({cell(f.name), cell(cell_bar(*v / top, "plainbar", bytes(*v)), "barcell"),
                        cell(bytes(*v))});
    } else if (!why.empty()) {
      t.rows.push_back({cell(f.name), cell(""), cell(why, "words")});
    }
  }
  Html body = html_of(t);
  if (auto slope = number(memory, {"slope_kb_per_1000_runs"})) {
    body += paragraph(
        "lead", fmt::format("Growth while running: {} kB per 1,000 runs.", figure(*slope, 2)));
  }
  return section(place, "memory", "Memory", body + course(place, at(memory, {"timeline"})));
}

}  // namespace hone::ship::report
