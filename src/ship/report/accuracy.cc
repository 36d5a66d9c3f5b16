// Accuracy of the engine against the model as it came, class by class, the worst loss first.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/plot.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

constexpr size_t most_classes = 2000, first_classes = 30;

struct Class {
  std::string name;
  double percent = 0, baseline = 0, drop = 0;
  std::optional<double> low, high, limit, samples;
  bool critical = false, judged = false;
  const char* tone = "plain";
};

// The interval that the gate judged by is the one to show.
void add_judgement(Class* c, const std::vector<CheckView>& checks) {
  for (const CheckView& check : checks) {
    if (check.what.find("class '" + c->name + "'") == std::string::npos) continue;
    c->judged = true;
    c->tone = tone_of(check);
    if (check.what.find("critical") != std::string::npos) c->critical = true;
    if (!check.value || (!check.unit.empty() && check.unit != "points")) return;
    c->drop = *check.value, c->low = check.low, c->high = check.high, c->limit = check.limit;
    return;
  }
}

std::vector<Class> classes_of(const json& report) {
  const std::vector<CheckView> checks = checks_of(report);
  std::vector<Class> out;
  for (const json* j : items(at(report, {"stages", "accuracy", "classes"}), most_classes)) {
    Class c;
    c.name = text(at(*j, {"name"}), 200);
    const auto percent = number(*j, {"percent"}), baseline = number(*j, {"baseline_percent"});
    if (!percent || !baseline) continue;
    c.percent = *percent, c.baseline = *baseline, c.drop = *baseline - *percent;
    c.samples = number(*j, {"samples"});
    const json& critical = at(*j, {"critical"});
    c.critical = critical.is_boolean() && critical.get<bool>();
    c.low = number(*j, {"low"}), c.high = number(*j, {"high"});
    add_judgement(&c, checks);
    out.push_back(std::move(c));
  }
  std::stable_sort(out.begin(), out.end(), [](const Class& a, const Class& b) {
    return a.drop != b.drop ? a.drop > b.drop : a.percent < b.percent;
  });
  return out;
}

// One axis of points for all classes, zero in it, symmetric where there are gains.
void drop_axis(const std::vector<Class>& all, double* from, double* to) {
  double low = 0, high = 0.5;
  for (const Class& c : all) {
    low = std::min({low, c.drop, c.low.value_or(0)});
    high = std::max({high, c.drop, c.high.value_or(0), c.limit.value_or(0)});
  }
  const Axis a = linear_axis(low, high, 4);
  *from = a.low < 0 ? a.low : -0.05 * a.high;
  *to = a.high;
}

Html accuracy_bar(const Class& c) {
  const std::string summary =
      fmt::format("engine {:.1f} %, baseline {:.1f} %", c.percent, c.baseline);
  const Html bars =
      element("rect", {{"x", "0"},
                       {"y", "4"},
                       {"width", percent(std::clamp(c.baseline, 0.0, 100.0))},
                       {"height", "5"},
                       {"class", "basebar"}}) +
      element("rect", {{"x", "0"},
                       {"y", "10"},
                       {"width", percent(std::clamp(c.percent, 0.0, 100.0))},
                       {"height", "8"},
                       {"class", "enginebar"}}) +
      element("line", {{"x1", "0"}, {"x2", "0"}, {"y1", "0"}, {"y2", "100%"}, {"class", "axis"}});
  return element("svg", {{"class", "pair"}, {"role", "img"}, {"aria-label", summary}}, bars);
}

Html drop_plot(const Class& c, double from, double to) {
  Interval i;
  i.from = from, i.to = to;
  i.value = c.drop;
  i.has_interval = c.low && c.high;
  if (i.has_interval) i.low = *c.low, i.high = *c.high;
  i.from_zero = !i.has_interval;
  i.has_limit = c.limit.has_value();
  i.limit = c.limit.value_or(0);
  i.css = c.tone;
  i.summary = fmt::format("drop {:.2f} points", c.drop);
  return interval_plot(i);
}

std::string drop_text(const Class& c) {
  std::string s = fmt::format("{:.2f}", c.drop == 0 ? 0.0 : c.drop);
  if (c.low && c.high) s += fmt::format(" [{:.2f}, {:.2f}]", *c.low, *c.high);
  return s;
}

Table class_table(const std::vector<Class>& all, size_t from, size_t to) {
  double low = 0, high = 0;
  drop_axis(all, &low, &high);
  Table t;
  t.css = "classes stack";
  t.sortable = true;
  t.head = {"Class", "Accuracy, 0 to 100 %", "Engine %", "Baseline %", "Drop, points", "Drop"};
  t.numeric = {false, false, true, true, true, false};
  for (size_t i = from; i < to; ++i) {
    const Class& c = all[i];
    Html name = escaped(c.name);
    if (c.critical) name += element("span", {{"class", "critical"}}, "★ critical");
    std::vector<Table::Cell> row = {cell(name),
                                    cell(accuracy_bar(c), "barcell"),
                                    cell(fmt::format("{:.2f}", c.percent)),
                                    cell(fmt::format("{:.2f}", c.baseline)),
                                    cell(drop_text(c)),
                                    cell(drop_plot(c, low, high), "plotcell")};
    row[0].sort_by = c.name;
    row[1].sort_by = fmt::format("{:.4f}", c.percent);
    row[4].sort_by = row[5].sort_by = fmt::format("{:.4f}", c.drop);
    t.rows.push_back(std::move(row));
  }
  return t;
}

}  // namespace

Html accuracy_section(const Place& place, const json& report) {
  const json& a = at(report, {"stages", "accuracy"});
  const auto percent = number(a, {"percent"}), baseline = number(a, {"baseline_percent"});
  if (!percent) {
    const std::string why = text(a, {"text"});
    return section(place, "accuracy", "Accuracy",
                   why.empty() ? Html() : paragraph("lead", "Unavailable: " + why + "."));
  }
  std::string lead =
      fmt::format("{:.2f} % of {} samples", *percent, count(number(a, {"samples"}).value_or(0)));
  if (baseline) {
    lead += fmt::format(", baseline {:.2f} % ({} points)", *baseline,
                        signed_points(*percent - *baseline));
  }
  const auto lost = number(a, {"lost"}), gained = number(a, {"gained"});
  if (lost && gained) {
    lead += fmt::format("; {} only the baseline gets right, {} only the engine", count(*lost),
                        count(*gained));
  }
  Html body = paragraph("lead", lead + ".");
  const std::vector<Class> all = classes_of(report);
  if (!all.empty()) {
    body += element(
        "ul", {{"class", "legend"}},
        element("li", {}, element("span", {{"class", "key enginebar"}}) + literal("engine")) +
            element("li", {},
                    element("span", {{"class", "key basebar"}}) +
                        literal("baseline: the model as it came")));
    // A few more than fit are not worth folding away.
    const size_t first = all.size() > first_classes + 10 ? first_classes : all.size();
    body += html_of(class_table(all, 0, first));
    if (first < all.size()) {
      body += element("details", {},
                      element("summary", {}, fmt::format("{} more classes", all.size() - first)) +
                          html_of(class_table(all, first, all.size())));
    }
    body += paragraph("note",
                      "Worst drop first. Right: drop with its 95 % interval, thin line at zero, "
                      "thick line at the limit.");
  }
  return section(place, "accuracy", "Accuracy by class", body);
}

}  // namespace hone::ship::report
