// Latency: percentiles with what may be claimed of them, their distribution, and their course.

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

constexpr const char* percentiles[] = {"p50", "p90", "p95", "p99", "p99.9"};
constexpr size_t most_buckets = 1000;

// Lines that both charts show: what the gate or the camera asks for.
struct Bound {
  std::string label;
  double ms;
};
std::vector<Bound> bounds(const json& report) {
  std::vector<Bound> out;
  for (const char* p : percentiles) {
    if (auto limit = latency_limit(report, p)) {
      out.push_back({fmt::format("{} limit {}", p, milliseconds(*limit)), *limit});
    }
  }
  const json& bench = at(report, {"stages", "bench"});
  if (auto period = number(bench, {"rate", "period_ms"}); period && *period > 0) {
    out.push_back({"deadline " + milliseconds(*period), *period});
  }
  return out;
}

Html percentile_table(const json& bench, const json& report) {
  Table t;
  const bool intervals = at(bench, {"intervals_ms"}).is_object();
  const bool upper = at(bench, {"bounds_ms"}).is_object();
  t.head = {"Percentile", "Latency"};
  if (intervals) t.head.emplace_back("95 % interval");
  if (upper) t.head.emplace_back("99 % upper bound");
  const bool limits = std::any_of(std::begin(percentiles), std::end(percentiles),
                                  [&](auto* p) { return latency_limit(report, p).has_value(); });
  if (limits) t.head.emplace_back("Limit");
  t.numeric.assign(t.head.size(), true);
  t.numeric[0] = false;
  const auto samples = number(bench, {"samples"});
  for (const char* p : percentiles) {
    const auto value = number(bench, {"latency_ms", p});
    const auto need = number(bench, {"samples_needed", p});
    std::string shown = "not claimable";
    if (value) shown = milliseconds(*value);
    if (!value && samples && need) {
      shown += fmt::format(": {} of {} samples", count(*samples), count(*need));
    }
    if (!value && !at(bench, {"latency_ms"}).contains(p)) continue;
    std::vector<Table::Cell> row = {cell(p), cell(shown, value ? "" : "words")};
    if (intervals) {
      const auto i = items(at(bench, {"intervals_ms", p}), 3);
      const bool both = i.size() == 2 && number(*i[0]) && number(*i[1]);
      row.push_back(cell(
          both ? fmt::format("{} to {} ms", figure(*number(*i[0]), 4), figure(*number(*i[1]), 4))
               : "–"));
    }
    if (upper) row.push_back(cell(or_dash(number(bench, {"bounds_ms", p}), milliseconds)));
    if (limits) row.push_back(cell(or_dash(latency_limit(report, p), milliseconds)));
    t.rows.push_back(std::move(row));
  }
  return html_of(t);
}

struct Buckets {
  std::vector<double> edges, counts;
  bool log = false;      // edges in equal ratios
  bool density = false;  // neither equal widths nor ratios: heights are counts per ms
  // The last of otherwise equal buckets takes all that is slower: drawn apart, not to scale.
  std::optional<double> tail_ms;
};

bool equal_within(double least, double most) { return most <= least * 1.02 + 1e-12; }

std::optional<Buckets> buckets_of(const json& histogram) {
  Buckets b;
  for (const json* e : items(at(histogram, {"edges_ms"}), most_buckets + 1)) {
    auto v = number(*e);
    if (!v || *v < 0 || (!b.edges.empty() && *v <= b.edges.back())) return std::nullopt;
    b.edges.push_back(*v);
  }
  for (const json* c : items(at(histogram, {"counts"}), most_buckets)) {
    auto v = number(*c);
    if (!v || *v < 0) return std::nullopt;
    b.counts.push_back(*v);
  }
  if (b.counts.empty() || b.edges.size() != b.counts.size() + 1) return std::nullopt;
  double narrow = 1e300, wide = 0, least_ratio = 1e300, most_ratio = 0;
  for (size_t i = 0; i < b.counts.size(); ++i) {
    const double width = b.edges[i + 1] - b.edges[i];
    narrow = std::min(narrow, width), wide = std::max(wide, width);
    const double ratio = b.edges[i] > 0 ? b.edges[i + 1] / b.edges[i] - 1 : 1e300;
    least_ratio = std::min(least_ratio, ratio), most_ratio = std::max(most_ratio, ratio);
  }
  const bool linear = equal_within(narrow, wide);
  const size_t last = b.counts.size() - 1;
  if (!linear && last >= 3 && b.edges[last + 1] - b.edges[last] == wide) {
    double second = 0;
    for (size_t i = 0; i < last; ++i) second = std::max(second, b.edges[i + 1] - b.edges[i]);
    if (equal_within(narrow, second)) {
      b.tail_ms = b.edges.back();
      // A gap, then a bar as wide as a few others.
      b.edges[last + 1] = b.edges[last] + (b.edges[last] - b.edges[0]) * 0.05;
      return b;
    }
  }
  b.log = !linear && equal_within(least_ratio, most_ratio);
  b.density = !linear && !b.log;
  return b;
}

// What is left of a long tail: the axis ends where samples do.
void trim(Buckets* b) {
  while (b->counts.size() > 1 && b->counts.back() == 0) b->counts.pop_back(), b->edges.pop_back();
  size_t empty = 0;
  while (empty + 1 < b->counts.size() && b->counts[empty] == 0) ++empty;
  b->counts.erase(b->counts.begin(), b->counts.begin() + static_cast<ptrdiff_t>(empty));
  b->edges.erase(b->edges.begin(), b->edges.begin() + static_cast<ptrdiff_t>(empty));
}

// The axis of a histogram, and the names of what lies right of it.
struct Frame {
  Axis x;
  double end = 0;  // of what is to scale
  std::string beyond;

  void mark(Plot* p, double ms, const std::string& label, const char* css) {
    if (x.holds(ms) && ms <= end) {
      p->mark_x(ms, label, css);
    } else if (ms > end) {
      beyond += (beyond.empty() ? "" : ", ") + label;
    }
  }
};

Frame frame_of(const Buckets& b, const std::vector<Bound>& limits) {
  Frame f;
  const double first = b.edges.front(), last = b.edges.back();
  if (b.tail_ms) {
    f.x = tight_axis(first, last);
    f.end = b.edges[b.edges.size() - 2];
    std::erase_if(f.x.ticks, [&](double t) { return t > f.end; });
    return f;
  }
  // A limit near the data belongs into the picture; one far away would squeeze it.
  f.end = last;
  for (const Bound& m : limits) {
    if (m.ms <= last * 1.5) f.end = std::max(f.end, m.ms * 1.02);
  }
  const bool log = b.log || (first > 0 && f.end / first > 20);
  f.x = log ? log_axis(std::max(first, f.end * 1e-6), f.end) : tight_axis(first, f.end);
  return f;
}

void draw_bars(Plot* p, const Buckets& b, const std::vector<double>& heights, double top) {
  for (size_t i = 0; i < heights.size(); ++i) {
    if (b.counts[i] == 0) continue;
    double left = b.edges[i], right = b.edges[i + 1];
    std::string tip = fmt::format(
        "{} to {} ms: {} samples", figure(left, 4),
        figure(b.tail_ms && i + 1 == heights.size() ? *b.tail_ms : right, 4), count(b.counts[i]));
    if (b.tail_ms && i + 1 == heights.size()) {
      left += (right - left) * 0.4;
      p->tick_x((left + right) / 2, "slower");
    }
    p->bar(left, right, heights[i], tip);
    if (heights[i] < top * 0.012) p->rug(left, right);
  }
}

Html histogram(const Place& place, const json& bench, const json& report) {
  std::optional<Buckets> b = buckets_of(at(bench, {"histogram"}));
  if (!b) return {};
  trim(&*b);
  double all = 0, top = 0;
  std::vector<double> heights;
  for (size_t i = 0; i < b->counts.size(); ++i) {
    heights.push_back(b->density ? b->counts[i] / (b->edges[i + 1] - b->edges[i]) : b->counts[i]);
    all += b->counts[i], top = std::max(top, heights.back());
  }
  if (all == 0) return {};
  const std::vector<Bound> limits = bounds(report);
  Frame f = frame_of(*b, limits);
  Plot p(fmt::format("Histogram of {} latencies from {} to {}", count(all),
                     milliseconds(b->edges.front()), milliseconds(b->tail_ms.value_or(f.end))),
         f.x, linear_axis(0, top, 4));
  p.label_x(f.x.log ? "latency, ms (logarithmic)" : "latency, ms");
  p.label_y(b->density ? "samples per ms" : "samples");
  const std::vector<std::string> labels = tick_labels(f.x);
  for (size_t i = 0; i < labels.size(); ++i) p.tick_x(f.x.ticks[i], labels[i]);
  draw_bars(&p, *b, heights, top);
  for (const char* name : percentiles) {
    if (auto v = number(bench, {"latency_ms", name})) {
      f.mark(&p, *v, fmt::format("{} {}", name, figure(*v)), "quantile");
    }
  }
  for (const Bound& m : limits) f.mark(&p, m.ms, m.label, "limitmark");
  std::string note = "Marks under the axis: samples too few to see as a bar. None was removed.";
  if (b->tail_ms) {
    note += fmt::format(" The last bar, not to scale, holds all from {} to {}.",
                        milliseconds(f.end), milliseconds(*b->tail_ms));
  }
  if (!f.beyond.empty()) note += " Right of the scale: " + f.beyond + ".";
  return heading(place.level + 1, "Distribution") + p.html() + paragraph("note", note);
}

struct Moment {
  double t, low, mid, high;
};

std::vector<Moment> moments_of(const json& timeline) {
  std::vector<Moment> out;
  for (const json* m : items(timeline, most_buckets)) {
    const auto t = number(*m, {"t_s"}), low = number(*m, {"min_ms"}), mid = number(*m, {"p50_ms"}),
               high = number(*m, {"max_ms"});
    if (!t || !low || !mid || !high || *low < 0 || *mid < *low || *high < *mid) continue;
    if (!out.empty() && *t <= out.back().t) continue;
    out.push_back({*t, *low, *mid, *high});
  }
  return out;
}

Html timeline(const Place& place, const json& bench, const json& report) {
  const std::vector<Moment> all = moments_of(at(bench, {"timeline"}));
  if (all.size() < 2) return {};
  double low = 1e300, high = 0;
  Points floor, middle, ceiling;
  for (const Moment& m : all) {
    low = std::min(low, m.low), high = std::max(high, m.high);
    floor.emplace_back(m.t, m.low), middle.emplace_back(m.t, m.mid),
        ceiling.emplace_back(m.t, m.high);
  }
  const double data_high = high;
  for (const Bound& m : bounds(report)) {
    if (m.ms <= data_high * 1.5) high = std::max(high, m.ms);
  }
  const bool log = low > 0 && high / low > 20;
  const Axis y = log ? log_axis(low * 0.9, high * 1.1) : linear_axis(0, high, 4);
  Plot p(fmt::format("Latency over {} s: median and range of each of {} moments",
                     figure(all.back().t), all.size()),
         tight_axis(all.front().t, all.back().t), y);
  p.label_x("seconds since the warm-up ended");
  p.label_y(log ? "latency, ms (logarithmic)" : "latency, ms");
  p.band(floor, ceiling);
  p.line(middle, "line");
  for (const Bound& m : bounds(report)) {
    if (y.holds(m.ms)) p.mark_y(m.ms, m.label, "limitmark");
  }
  return heading(place.level + 1, "Over time") + p.html() +
         paragraph("note", "Line: median of each moment; band: its fastest to its slowest sample.");
}

Html rate_line(const json& bench) {
  const auto rate = number(bench, {"rate", "per_second"});
  if (!rate) return {};
  std::string s = fmt::format("{} a second, latency from the scheduled instant", figure(*rate));
  auto add = [&](const char* key, const char* one, const char* many) {
    if (auto v = number(bench, {key})) {
      s += fmt::format("; {} {}", count(*v), *v == 1 ? one : many);
    }
  };
  add("deadline_misses", "deadline missed", "deadlines missed");
  if (auto streak = number(bench, {"longest_miss_streak"}); streak && *streak > 0) {
    s += fmt::format(", at most {} in a row", count(*streak));
  }
  add("skipped", "frame skipped", "frames skipped");
  return paragraph("lead", s + ".");
}

Html warnings(const json& bench) {
  Html list;
  for (const json* w : items(at(bench, {"warnings"}), 50)) {
    const std::string s = text(*w);
    if (!s.empty()) {
      list += element(
          "li", {},
          element("span", {{"class", "undecided"}}, icon("undecided")) + element("span", {}, s));
    }
  }
  return list.empty() ? list : element("ul", {{"class", "reasons"}}, list);
}

}  // namespace

Html latency_section(const Place& place, const json& report) {
  const json& bench = at(report, {"stages", "bench"});
  if (!at(bench, {"latency_ms"}).is_object()) return {};
  Html body = rate_line(bench);
  if (body.empty()) {
    std::string mode = text(bench, {"mode"});
    if (mode.empty()) mode = text(bench, {"conditions", "mode"});
    if (auto n = number(bench, {"samples"})) {
      body +=
          paragraph("lead", fmt::format("{} samples{}.", count(*n),
                                        mode == "closed" ? ", back to back (closed loop)" : ""));
    }
  }
  body += warnings(bench) + percentile_table(bench, report) + histogram(place, bench, report) +
          timeline(place, bench, report);
  return section(place, "latency", "Latency", body);
}

}  // namespace hone::ship::report
