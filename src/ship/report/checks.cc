// Every check of the gate: measured interval against limit. Rows share one axis, in multiples of
// the limit, so that one look down the limit's line finds what is beyond it.

#include <fmt/format.h>

#include <algorithm>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/plot.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

// Of the limit: what is shown left of zero (a gain where the limit is on a loss) and how far.
constexpr double axis_from = -0.5, axis_to = 2;

std::string measured(const CheckView& c) {
  if (!c.value) return "";
  std::string s = with_unit(*c.value, c.unit);
  if (c.low && c.high) s += fmt::format(" [{}, {}]", plain(*c.low, c.unit), plain(*c.high, c.unit));
  return s;
}

Html against_limit(const CheckView& c) {
  if (!c.value || !c.limit || *c.limit <= 0) return {};
  Interval i;
  i.from = axis_from;
  i.to = axis_to;
  i.value = *c.value / *c.limit;
  i.has_interval = c.low && c.high;
  if (i.has_interval) i.low = *c.low / *c.limit, i.high = *c.high / *c.limit;
  i.from_zero = !i.has_interval;
  i.limit = 1;
  i.has_limit = true;
  i.css = tone_of(c);
  i.summary = fmt::format("{:.0f} % of the limit", i.value * 100);
  return interval_plot(i);
}

}  // namespace

Html checks_section(const Place& place, const json& report) {
  std::vector<CheckView> checks = checks_of(report);
  // What stands in the way of a release comes first.
  const auto rank = [](const CheckView& c) { return c.failed() ? 0 : c.undecided() ? 1 : 2; };
  std::stable_sort(checks.begin(), checks.end(),
                   [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  const auto any = [&](auto test) { return std::any_of(checks.begin(), checks.end(), test); };
  const bool figures = any([](const CheckView& c) { return c.value || c.limit; });
  const bool plots = any([](const CheckView& c) { return !against_limit(c).empty(); });
  const bool needed = any([](const CheckView& c) { return c.needed.has_value(); });
  Table t;
  t.css = "checks stack";
  t.head = {"Check", "Result"};
  t.numeric = {false, false};
  auto column = [&](const char* name, bool numeric) {
    t.head.emplace_back(name);
    t.numeric.push_back(numeric);
  };
  if (figures) column("Measured [95 % interval]", true), column("Limit", true);
  if (plots) column("Share of the limit", false);
  if (needed) column("Samples to decide", true);
  if (!figures) column("Finding", false);
  for (const CheckView& c : checks) {
    std::vector<Table::Cell> row = {cell(c.what), cell(badge(tone_of(c), c.result))};
    if (figures) {
      // What has no figure has words.
      row.push_back(c.value ? cell(measured(c)) : cell(c.text, "words"));
      row.push_back(cell(c.limit ? with_unit(*c.limit, c.unit) : ""));
    }
    if (plots) row.push_back(cell(against_limit(c), "plotcell"));
    if (needed) row.push_back(cell(c.needed ? count(*c.needed) : ""));
    if (!figures) row.push_back(cell(c.text, "words"));
    t.rows.push_back(std::move(row));
  }
  Html body = html_of(t);
  if (plots) {
    body += paragraph("note",
                      "Dot: measured; bar: its 95 % interval; line: the limit. Left of the thin "
                      "zero line is a gain. An arrow is more than twice the limit.");
  }
  return section(place, "gate", "Gate", body);
}

}  // namespace hone::ship::report
