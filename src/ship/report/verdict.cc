// The verdict and why: what a release manager reads, if nothing else.

#include <fmt/format.h>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

constexpr size_t most_reasons = 8;

// "2.41 ms, 20 % over the limit of 2.00 ms (95 % interval 2.35 to 2.48)"
std::string finding(const CheckView& c) {
  std::string s = (c.unit == "points" ? "drop " : "") + with_unit(*c.value, c.unit);
  const double over = *c.limit > 0 ? *c.value / *c.limit - 1 : 0;
  if (c.failed() && c.unit != "points" && over >= 0.005 && over < 10) {
    s += fmt::format(", {:.0f} % over the limit of {}", over * 100, with_unit(*c.limit, c.unit));
  } else {
    s += ", limit " + with_unit(*c.limit, c.unit);
  }
  if (c.low && c.high) {
    s += fmt::format(" (95 % interval {} to {})", plain(*c.low, c.unit), plain(*c.high, c.unit));
  }
  if (!c.undecided()) return s;
  s += c.low && c.high ? ": the limit lies inside the interval" : ": not decided";
  return c.needed ? s + fmt::format("; about {} samples would decide", count(*c.needed)) : s;
}

Html reason(const CheckView& c) {
  const Html what = element("strong", {}, c.what) + literal(": ");
  return what + escaped(c.value && c.limit ? finding(c) : c.text);
}

Html reasons_list(const std::vector<CheckView>& checks, bool failed) {
  Html list;
  size_t shown = 0, all = 0;
  for (const CheckView& c : checks) {
    if (failed ? !c.failed() : !c.undecided()) continue;
    if (++all > most_reasons) continue;
    ++shown;
    list += element("li", {},
                    element("span", {{"class", tone_of(c)}}, icon(tone_of(c))) +
                        element("span", {}, reason(c)));
  }
  if (all > shown) list += element("li", {}, fmt::format("and {} more below", all - shown));
  return list;
}

std::string summary_of(const std::vector<CheckView>& checks) {
  size_t failed = 0, undecided = 0;
  for (const CheckView& c : checks) failed += c.failed(), undecided += c.undecided();
  if (checks.empty()) return "";
  if (failed + undecided == 0) return fmt::format("All {} checks pass.", checks.size());
  std::string s = fmt::format("{} of {} checks fail", failed, checks.size());
  if (failed == 0) s = fmt::format("{} of {} checks undecided", undecided, checks.size());
  if (failed > 0 && undecided > 0) s += fmt::format(", {} undecided", undecided);
  return s + ".";
}

}  // namespace

Html verdict_section(const Place& place, const json& report) {
  const auto [word, rest] = split_verdict(text(report, {"verdict"}));
  const char* tone = tone_of_verdict(word);
  const std::vector<CheckView> checks = checks_of(report);
  Html body = element(
      "p", {{"class", "word"}},
      icon(tone) + element("span", {},
                           word.empty() ? std::string_view("no verdict") : std::string_view(word)));
  const std::string summary = summary_of(checks);
  if (!summary.empty()) body += paragraph("summary", summary);
  const Html list = reasons_list(checks, true) + reasons_list(checks, false);
  if (!list.empty()) {
    body += element("ul", {{"class", "reasons"}}, list);
  } else if (checks.empty() && !rest.empty()) {
    body += paragraph("", rest);
  }
  return element("section",
                 {{"id", place.prefix + "verdict"},
                  {"class", std::string("verdict ") + tone},
                  {"aria-label", "Verdict"}},
                 body) +
         literal("\n");
}

namespace {

std::string limit_note(const json& report, const std::string& percentile) {
  auto limit = latency_limit(report, percentile);
  return limit ? "limit " + milliseconds(*limit) : "";
}

}  // namespace

// The figures one asks for first, in a strip.
Html figures_section(const Place& place, const json& report) {
  const Run r = run_of(report);
  Html tiles;
  const bool staged = at(report, {"stages", "bench", "stages_ms"}).is_object();
  auto latency = [&](const char* percentile, double ms) {
    const std::string name = staged ? std::string(percentile) + ", capture to result"
                                    : percentile + std::string(" latency");
    tiles += tile(name, milliseconds(ms), limit_note(report, percentile));
  };
  if (r.p50_ms) latency("p50", *r.p50_ms);
  if (r.p99_ms) {
    latency("p99", *r.p99_ms);
  } else if (r.p95_ms) {
    latency("p95", *r.p95_ms);
  }
  if (r.accuracy) {
    std::string note = r.pictures ? count(*r.pictures) + " samples" : "";
    if (r.baseline) note = signed_points(*r.accuracy - *r.baseline) + " points; " + note;
    tiles += tile("accuracy", fmt::format("{:.2f} %", *r.accuracy), note);
  }
  if (r.engine_bytes) tiles += tile("engine", bytes(*r.engine_bytes), "");
  if (r.peak_bytes) tiles += tile("peak memory", bytes(*r.peak_bytes), "fresh process");
  if (r.energy_mj) {
    tiles += tile("energy", figure(*r.energy_mj) + " mJ", "per inference, idle subtracted");
  }
  if (tiles.empty()) return {};
  return element("dl", {{"class", "tiles"}, {"id", place.prefix + "figures"}}, tiles) +
         literal("\n");
}

}  // namespace hone::ship::report
