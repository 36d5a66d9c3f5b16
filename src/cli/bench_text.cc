#include "cli/bench_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/model_args.h"
#include "ship/measure/conditions.h"

namespace hone::cli {

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string ms(double v) { return fmt::format("{:.3f}", v); }

std::string claimed(const ship::Percentile& q, int64_t samples) {
  return q.value ? ms(*q.value) : fmt::format("not claimable: {} of {}", samples, q.needed);
}

void print_latency(const ship::BenchResult& r, Printer& p) {
  const ship::Summary& l = r.findings.latency_ms;
  Rows rows = {{"latency", "ms", "95 % interval", "99 % bound"}};
  for (size_t i = 0; i < l.percentiles.size(); ++i) {
    const ship::Findings::Claim& c = r.findings.claims[i];
    const std::string interval =
        c.interval
            ? fmt::format("{:.3f} - {:.3f}", c.interval->interval.low, c.interval->interval.high)
            : "-";
    rows.push_back({ship::percentile_name(c.p), claimed(l.percentiles[i], l.samples), interval,
                    c.bound_ms ? ms(*c.bound_ms) : "-"});
  }
  rows.push_back({"mean", ms(l.mean)});
  rows.push_back({"max", ms(l.max)});
  p.table(rows);
}

void print_stages(const ship::BenchResult& r, Printer& p) {
  const ship::Findings& f = r.findings;
  if (!f.preprocess_ms) return;
  Rows rows = {{"stage (ms)", "p50", "p90", "p95", "p99", "mean", "share"}};
  auto add = [&](const char* name, const ship::Summary& s) {
    std::vector<std::string> row = {name};
    for (size_t i = 0; i < 4; ++i) {
      row.push_back(s.percentiles[i].value ? ms(*s.percentiles[i].value) : "-");
    }
    row.push_back(ms(s.mean));
    row.push_back(fmt::format("{:.1f} %", 100 * s.mean / f.latency_ms.mean));
    rows.push_back(std::move(row));
  };
  if (r.rate) add("wait", *f.wait_ms);
  add("preprocess", *f.preprocess_ms);
  add("infer", *f.infer_ms);
  add("postprocess", *f.postprocess_ms);
  add("total", f.latency_ms);
  p.table(rows);
}

void print_minutes(const ship::BenchResult& r, Printer& p) {
  Rows rows = {{"minute", "samples", "p50 ms", "p99 ms", "max ms"}};
  for (const ship::Minute& m : r.findings.minutes) {
    const bool enough = m.n >= ship::samples_needed(0.99);
    rows.push_back({std::to_string(m.minute), std::to_string(m.n), ms(m.p50_ms),
                    enough ? ms(m.p99_ms) : "-", ms(m.max_ms)});
  }
  if (rows.size() == 1) rows.push_back({"none: the run is shorter than two minutes"});
  p.table(rows);
}

// One character a bin, by the logarithm of its count: a tail of single frames shows.
std::string spark(const ship::Histogram& h) {
  constexpr std::string_view levels = " .:-=+*#%@";
  if (h.counts.empty()) return "";
  const auto most = static_cast<double>(*std::max_element(h.counts.begin(), h.counts.end()));
  std::string text;
  for (int64_t n : h.counts) {
    const double level = n == 0      ? 0
                         : most <= 1 ? 9
                                     : 1 + 8 * std::log(static_cast<double>(n)) / std::log(most);
    text += levels[static_cast<size_t>(std::lround(level))];
  }
  return fmt::format("histogram  {:.3f} ms |{}| {:.3f} ms", h.edges_ms.front(), text,
                     h.edges_ms.back());
}

std::string bytes_or_why(const nlohmann::json& v) {
  return v.is_number() ? human_bytes(v.get<double>()) : v.get<std::string>();
}

std::string memory_line(const nlohmann::json& m) {
  const nlohmann::json& slope = m["slope_kb_per_1000_runs"];
  const std::string growth = slope.is_number()
                                 ? fmt::format("{:.1f} KB per 1,000 runs", slope.get<double>())
                                 : slope.get<std::string>();
  return fmt::format(
      "memory     peak {} (a process that only loads and runs), arena {}, weights "
      "{}; growth {}",
      bytes_or_why(m["peak_rss_bytes"]), bytes_or_why(m["arena_bytes"]),
      bytes_or_why(m["weights_bytes"]), growth);
}

std::string energy_line(const nlohmann::json& e) {
  const std::string source = e["source"].get<std::string>();
  if (!e["joules_per_inference"].is_number()) return "energy     " + source;
  return fmt::format("energy     {:.3f} mJ a frame above idle, by {}",
                     1e3 * e["joules_per_inference"].get<double>(), source);
}

std::string warmup_line(const ship::BenchResult& r) {
  const ship::WarmUp& w = r.warmup;
  const auto ms = [](std::optional<double> t) {
    return t ? fmt::format("{:.3f} ms", *t) : std::string("not timed");
  };
  return fmt::format("warm-up    load {}, bind {}, first frame {:.3f} ms, {} {} runs in {:.2f} s",
                     ms(r.load_ms), ms(r.bind_ms), r.first_ms,
                     w.steady ? "steady after" : "not steady after", w.runs, w.seconds);
}

std::string outliers_line(const ship::BenchResult& r) {
  const ship::Outliers& o = r.findings.outliers;
  std::string text = fmt::format("outliers   {} above {:.3f} ms, kept", o.count, o.threshold_ms);
  if (o.correlated && o.count > 0) {
    text +=
        fmt::format(" (page faults {}, preempted {}, woken late {}, harness {}, unexplained {})",
                    o.faulted, o.preempted, o.late, o.watched, o.unexplained);
  }
  return text;
}

std::string overhead_line(const ship::Overhead& o) {
  std::string text = fmt::format("harness    {:.2f} us in a frame, {:.2f} us between (null model)",
                                 o.frame_us, o.between_us);
  if (o.paced) {
    text += fmt::format("; begins {:.1f} us late, p99 {:.1f}, when idle", o.wake_us, o.wake_p99_us);
  }
  return text;
}

void print_steps(const ship::BenchResult& r, Printer& p) {
  double sum = 0;
  for (const auto& [layer, us] : r.steps_us) sum += us;
  Rows rows = {{"layer (kernel)", "us", "share"}};
  for (const auto& [layer, us] : r.steps_us) {
    rows.push_back({layer, fmt::format("{:.1f}", us), fmt::format("{:.1f} %", 100 * us / sum)});
  }
  p.table(rows);
}

std::string run_line(const ship::BenchResult& r, const BenchSubject& subject) {
  const nlohmann::json& inputs = r.conditions["inputs"];
  std::string text =
      fmt::format("{} samples, {}, {} thread{}, ", r.findings.latency_ms.samples,
                  r.rate ? fmt::format("{:g} frames/s", r.rate_per_second) : "closed loop",
                  subject.threads, subject.threads == 1 ? "" : "s");
  std::string kind = inputs["kind"].get<std::string>();
  if (kind == "noise") kind = "noise inputs";
  text += inputs.value("same_input", false)
              ? fmt::format("the same input again and again ({})", kind)
              : fmt::format("{} {} in turn", inputs["distinct"].get<int64_t>(), kind);
  if (r.conditions.contains("profile")) {
    text += fmt::format(", profile {}", r.conditions["profile"].get<int>());
  }
  return text;
}

}  // namespace

void print_bench(const ship::BenchResult& r, const BenchSubject& subject, const BenchText& what,
                 Printer& p) {
  print_latency(r, p);
  p.out(spark(r.findings.histogram));
  print_stages(r, p);
  if (what.sustained) print_minutes(r, p);
  if (r.rate) {
    p.out(
        fmt::format("deadline   {} of {} frames missed {:.3f} ms, at most {} in a row; {} skipped",
                    r.rate->misses, r.rate->scheduled, r.rate->period_ns * 1e-6,
                    r.rate->longest_streak, r.rate->skipped));
  }
  p.out(run_line(r, subject));
  p.out(warmup_line(r));
  p.out(outliers_line(r));
  p.out(memory_line(r.memory));
  p.out(energy_line(r.energy));
  p.out(overhead_line(r.overhead));
  p.out(ship::conditions_line(r.conditions));
  if (what.steps) print_steps(r, p);
}

std::string live_line(const ship::LiveFigures& f) {
  return fmt::format("p50 {:.3f}  p99 {:.3f}  max {:.3f} ms, {} frames", f.p50_ms, f.p99_ms,
                     f.max_ms, f.samples);
}

}  // namespace hone::cli
