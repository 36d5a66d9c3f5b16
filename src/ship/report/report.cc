#include "ship/report/report.h"

#include <fmt/format.h>

#include <set>

#include "host/model/files.h"
#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/history.h"
#include "ship/report/page.h"
#include "ship/report/sections.h"
#include "ship/report/trend.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

constexpr int runs_shown = 30;
// A report nests 8 deep. Copying and freeing JSON recurses: a file must not choose how far.
constexpr int most_levels = 64;
constexpr int64_t most_bytes = 16 << 20;

std::string name_of(const json& report) {
  const Run r = run_of(report);
  return fmt::format("{} for {}", r.model.empty() ? "model" : r.model,
                     r.target.empty() ? "target" : r.target);
}

std::string subtitle_of(const json& report) {
  const Run r = run_of(report);
  std::string s = "Hone " + r.hone;
  if (!r.created.empty()) s += " · " + short_time(r.created) + " UTC";
  if (!r.cpu.empty()) s += " · " + r.cpu;
  return s;
}

std::vector<Run> runs_like(const std::vector<Run>& history, const json& report) {
  const Run r = run_of(report);
  std::vector<Run> out;
  for (const Run& h : history) {
    if (h.model == r.model && h.target == r.target) out.push_back(h);
  }
  return out;
}

Html sections_of(const Place& place, const json& report, const std::vector<Run>& history) {
  Html body = verdict_section(place, report) + figures_section(place, report);
  for (auto* section :
       {checks_section, latency_section, stages_section, accuracy_section, quantisation_section,
        layers_section, memory_section, energy_section, before_after_section}) {
    body += section(place, report);
  }
  return body + history_section(place, runs_like(history, report)) +
         conditions_section(place, report) + replay_section(place, report);
}

// The worst of several decides the word in the tab.
std::string worst_of(const std::vector<json>& reports) {
  std::set<std::string> words;
  for (const json& r : reports) words.insert(run_of(r).verdict);
  for (const char* w : {"NO SHIP", "INCONCLUSIVE", "SHIP"}) {
    if (words.contains(w)) return w;
  }
  return "no verdict";
}

bool is_report(const json& j) {
  return number(j, {"schema"}) == 1 && at(j, {"stages"}).is_object() &&
         at(j, {"verdict"}).is_string();
}

// Levels of nesting outside of strings, without building anything.
bool deeper_than(std::string_view s, int most) {
  int level = 0;
  bool in_text = false;
  for (size_t i = 0; i < s.size(); ++i) {
    if (in_text) {
      if (s[i] == '\\')
        ++i;
      else if (s[i] == '"')
        in_text = false;
    } else if (s[i] == '"') {
      in_text = true;
    } else if (s[i] == '[' || s[i] == '{') {
      if (++level > most) return true;
    } else if (s[i] == ']' || s[i] == '}') {
      --level;
    }
  }
  return false;
}

}  // namespace

Html overview(const std::vector<json>& reports) {
  Table t;
  t.css = "overview stack";
  t.head = {"Model for target", "Verdict", "p50", "p99", "Peak memory", "Size", "Accuracy", "Why"};
  t.numeric = {false, false, true, true, true, true, true, false};
  for (size_t i = 0; i < reports.size(); ++i) {
    const Run r = run_of(reports[i]);
    const std::string word = r.verdict.empty() ? "none" : r.verdict;
    t.rows.push_back(
        {cell(element("a", {{"href", fmt::format("#report{}", i + 1)}}, name_of(reports[i]))),
         cell(badge(tone_of_verdict(r.verdict), word)), cell(or_dash(r.p50_ms, milliseconds)),
         cell(or_dash(r.p99_ms, milliseconds)), cell(or_dash(r.peak_bytes, bytes)),
         cell(or_dash(r.engine_bytes, bytes)),
         cell(r.accuracy ? fmt::format("{:.2f} %", *r.accuracy) : "–"), cell(r.reason, "words")});
  }
  return section({}, "overview", "Overview", html_of(t));
}

Result<std::string> render_report(const std::vector<json>& reports,
                                  const std::vector<Run>& history) {
  if (reports.empty()) return invalid("no reports to show");
  for (const json& r : reports) {
    if (!is_report(r)) return invalid("not a report of schema 1");
  }
  Page page;
  page.headline = name_of(reports[0]);
  page.subtitle = subtitle_of(reports[0]);
  if (reports.size() == 1) {
    page.body = sections_of({}, reports[0], history);
  } else {
    page.headline = fmt::format("{} releases", reports.size());
    page.body = overview(reports);
    for (size_t i = 0; i < reports.size(); ++i) {
      const std::string id = fmt::format("report{}", i + 1);
      const Html head =
          element("header", {},
                  heading(2, name_of(reports[i])) + paragraph("note", subtitle_of(reports[i])));
      page.body +=
          element("article", {{"id", id}}, head + sections_of({3, id + "-"}, reports[i], history));
    }
  }
  page.title = fmt::format("{}: {}", worst_of(reports), page.headline);
  return html_file(page);
}

std::string render_trend(const std::vector<Run>& runs) {
  const std::vector<std::vector<Run>> groups = by_pair(runs);
  Page page;
  page.title = "Runs over time";
  page.headline = "Runs over time";
  page.subtitle = fmt::format("{} run{}", runs.size(), runs.size() == 1 ? "" : "s");
  for (size_t i = 0; i < groups.size(); ++i) {
    const Run& r = groups[i].back();
    const Html classes = class_changes(groups[i]);
    Html body =
        trend_charts(3, groups[i]) + heading(3, "Runs, the newest first") + run_table(groups[i]);
    if (!classes.empty()) body += heading(3, "Accuracy by class, first run to last") + classes;
    const std::string id = fmt::format("pair{}", i + 1);
    page.body += section({}, id.c_str(), fmt::format("{} for {}", r.model, r.target).c_str(), body);
  }
  return html_file(page);
}

Status add_to_history(const std::string& folder, const json& report) {
  HONE_ASSIGN(History h, History::open(history_path(folder), History::Mode::write));
  return h.add(run_of(report));
}

std::vector<Run> read_history(const std::string& folder) {
  auto h = History::open(history_path(folder), History::Mode::read);
  if (!h.ok()) return {};
  auto runs = h->last("", "", 10000);
  if (!runs.ok()) return {};
  std::vector<Run> out;
  for (std::vector<Run>& group : by_pair(*runs)) {
    const size_t n = std::min<size_t>(group.size(), runs_shown);
    out.insert(out.end(), group.end() - static_cast<ptrdiff_t>(n), group.end());
  }
  return out;
}

Result<json> read_report(const std::string& path) {
  HONE_ASSIGN(std::string text, read_text(path, most_bytes));
  return parse_report(text, path);
}

Result<json> parse_report(std::string_view text, const std::string& path) {
  const Status other = corrupt(path + ": not a report of hone ship");
  if (deeper_than(text, most_levels)) return other;
  json j = json::parse(text, nullptr, false);
  if (!j.is_object()) return other;
  const auto schema = number(j, {"schema"});
  if (at(j, {"stages"}).is_object() && schema && *schema > 1) {
    return Status(Code::version_mismatch,
                  fmt::format("{}: report of schema {}, written by a newer Hone; this one knows 1",
                              path, *schema));
  }
  if (!is_report(j)) return other;
  return j;
}

}  // namespace hone::ship::report
