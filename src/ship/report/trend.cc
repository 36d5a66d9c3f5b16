#include "ship/report/trend.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/plot.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

namespace {

using Value = std::optional<double> Run::*;

struct Series {
  const char* name;
  const char* css;      // of the line
  const char* dot_css;  // of its points
  Value value;
};

struct Chart {
  const char* title;
  const char* unit;
  std::vector<Series> series;
  double scale = 1;
  bool from_zero = true;    // else the axis says that it does not begin there
  bool by_machine = false;  // not comparable from one machine to another
};

Html legend(const Chart& c) {
  if (c.series.size() < 2) return {};
  Html list;
  for (const Series& s : c.series) {
    list += element(
        "li", {}, element("span", {{"class", std::string("key ") + s.dot_css}}) + escaped(s.name));
  }
  return element("ul", {{"class", "legend"}}, list);
}

// A line for each stretch of runs that may be compared, a point for each run.
void draw(Plot* p, const Chart& c, const Series& s, const std::vector<Run>& runs) {
  Points stretch;
  std::string machine;
  auto end = [&] {
    if (stretch.size() > 1) p->line(stretch, s.css);
    stretch.clear();
  };
  for (size_t i = 0; i < runs.size(); ++i) {
    const Run& r = runs[i];
    if (!(r.*s.value)) continue;
    if (c.by_machine && r.machine() != machine) end();
    machine = r.machine();
    stretch.emplace_back(static_cast<double>(i + 1), *(r.*s.value) * c.scale);
  }
  end();
  for (size_t i = 0; i < runs.size(); ++i) {
    const Run& r = runs[i];
    if (!(r.*s.value)) continue;
    const double x = static_cast<double>(i + 1), y = *(r.*s.value) * c.scale;
    if (s.value == &Run::p50_ms && r.p50_low_ms && r.p50_high_ms) {
      p->whisker(x, *r.p50_low_ms * c.scale, *r.p50_high_ms * c.scale, s.css);
    }
    p->dot(x, y, s.dot_css,
           fmt::format("run {}, {}: {} {} {}", i + 1, short_time(r.created), s.name, figure(y),
                       c.unit));
  }
}

Html chart(int level, const Chart& c, const std::vector<Run>& runs) {
  double low = 1e300, high = -1e300;
  size_t points = 0;
  for (const Series& s : c.series) {
    for (const Run& r : runs) {
      if (!(r.*s.value)) continue;
      const double v = *(r.*s.value) * c.scale;
      low = std::min(low, v), high = std::max(high, v);
      ++points;
    }
  }
  if (points == 0) return {};
  if (c.from_zero) low = std::min(low, 0.0);
  const auto n = static_cast<double>(runs.size());
  Axis x = tight_axis(0.5, n + 0.5, 8);
  std::erase_if(x.ticks, [](double t) { return t != static_cast<double>(static_cast<int>(t)); });
  Axis y = linear_axis(low, high, 4);
  if (std::string(c.unit) == "%") y.high = std::min(y.high, 100.0);
  Plot p(fmt::format("{} of {} runs", c.title, runs.size()), x, y);
  p.label_x("run");
  p.label_y(y.low > 0 ? fmt::format("{} (axis begins at {})", c.unit, tick_labels(y).front())
                      : c.unit);
  for (const Series& s : c.series) draw(&p, c, s, runs);
  return element("div", {{"class", "trend"}}, heading(level, c.title) + legend(c) + p.html());
}

std::string change_text(const Run* before, const Run& now) {
  if (before == nullptr) return "";
  std::string all;
  for (const std::string& c : changes(*before, now)) all += (all.empty() ? "" : "; ") + c;
  return all.empty() ? "nothing" : all;
}

std::string percent_text(double v) { return fmt::format("{:.2f} %", v); }

}  // namespace

std::string short_time(const std::string& created) {
  const bool iso = created.size() >= 16 && created[4] == '-' && created[10] == 'T';
  return iso ? created.substr(0, 10) + " " + created.substr(11, 5) : created;
}

Html trend_charts(int level, const std::vector<Run>& runs) {
  if (runs.size() < 2) return {};
  const Chart charts[] = {
      {"Latency",
       "ms",
       {{"p99", "line s3", "dot s3", &Run::p99_ms},
        {"p95", "line s2", "dot s2", &Run::p95_ms},
        {"p50", "line s1", "dot s1", &Run::p50_ms}},
       1,
       true,
       true},
      {"Accuracy",
       "%",
       {{"baseline", "line s4", "dot s4", &Run::baseline},
        {"engine", "line s1", "dot s1", &Run::accuracy}},
       1,
       false,
       false},
      {"Peak memory", "MB", {{"", "line s1", "dot s1", &Run::peak_bytes}}, 1e-6, true, false},
      {"Engine size", "MB", {{"", "line s1", "dot s1", &Run::engine_bytes}}, 1e-6, true, false},
  };
  Html out;
  for (const Chart& c : charts) out += chart(level, c, runs);
  std::string note = "Points of one machine, number of threads and way of measuring are connected.";
  const bool moved = std::any_of(runs.begin(), runs.end(), [&](const Run& r) {
    return r.machine() != runs.front().machine();
  });
  if (moved) note += " These runs are not all of one: their latencies are not comparable.";
  return element("div", {{"class", "trends"}}, out) + paragraph("note", note);
}

Html run_table(const std::vector<Run>& runs) {
  Table t;
  t.css = "runs stack";
  t.head = {"Run",  "Verdict",  "p50",
            "p95",  "p99",      "Peak memory",
            "Size", "Accuracy", "Changed since the run before"};
  t.numeric = {false, false, true, true, true, true, true, true, false};
  for (size_t i = 0; i < runs.size(); ++i) {
    const Run& r = runs[i];
    Html name = element("span", {{"class", "what"}}, fmt::format("{}", i + 1)) +
                element("span", {{"class", "where"}}, short_time(r.created));
    const std::string word = r.verdict.empty() ? "none" : r.verdict;
    t.rows.push_back({cell(name), cell(badge(tone_of_verdict(r.verdict), word)),
                      cell(or_dash(r.p50_ms, milliseconds)), cell(or_dash(r.p95_ms, milliseconds)),
                      cell(or_dash(r.p99_ms, milliseconds)), cell(or_dash(r.peak_bytes, bytes)),
                      cell(or_dash(r.engine_bytes, bytes)), cell(or_dash(r.accuracy, percent_text)),
                      cell(change_text(i == 0 ? nullptr : &runs[i - 1], r), "words")});
  }
  std::reverse(t.rows.begin(), t.rows.end());  // the newest is what one looks for
  return html_of(t);
}

Html class_changes(const std::vector<Run>& runs) {
  if (runs.size() < 2) return {};
  std::map<std::string, double> first(runs.front().classes.begin(), runs.front().classes.end());
  std::vector<std::tuple<double, std::string, double, double>> rows;
  for (const auto& [name, percent] : runs.back().classes) {
    auto it = first.find(name);
    if (it != first.end()) rows.emplace_back(percent - it->second, name, it->second, percent);
  }
  std::sort(rows.begin(), rows.end());
  Table t;
  t.sortable = true;
  t.head = {"Class", "First run", "Last run", "Change, points"};
  t.numeric = {false, true, true, true};
  for (const auto& [change, name, before, after] : rows) {
    std::vector<Table::Cell> row = {cell(name), cell(percent_text(before)),
                                    cell(percent_text(after)), cell(signed_points(change))};
    row[3].sort_by = fmt::format("{:.4f}", change);
    t.rows.push_back(std::move(row));
  }
  return html_of(t);
}

std::vector<std::vector<Run>> by_pair(const std::vector<Run>& runs) {
  std::vector<std::vector<Run>> out;
  for (const Run& r : runs) {
    auto same = [&](const std::vector<Run>& group) {
      return group[0].model == r.model && group[0].target == r.target;
    };
    auto it = std::find_if(out.begin(), out.end(), same);
    if (it == out.end()) {
      out.push_back({r});
    } else {
      it->push_back(r);
    }
  }
  return out;
}

Html history_section(const Place& place, const std::vector<Run>& runs) {
  if (runs.size() < 2) return {};
  return section(place, "history", "History",
                 trend_charts(place.level + 1, runs) + run_table(runs));
}

}  // namespace hone::ship::report
