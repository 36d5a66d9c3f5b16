#include "ship/measure/findings.h"

#include <fmt/format.h>

#include <algorithm>

namespace hone::ship {

namespace {

std::optional<Summary> summary_of(const std::vector<int64_t>& ns) {
  if (ns.empty()) return std::nullopt;
  return summarize(to_ms(ns));
}

// Time that the machine worked on each frame.
std::vector<double> service_ms(const Record& d) {
  if (d.infer().empty()) return to_ms(d.latency());
  std::vector<double> ms = to_ms(d.infer());
  for (size_t i = 0; i < d.preprocess().size(); ++i) {
    ms[i] += static_cast<double>(d.preprocess()[i] + d.postprocess()[i]) * 1e-6;
  }
  return ms;
}

std::vector<double> waits(const std::vector<double>& all, const std::vector<double>& service) {
  std::vector<double> ms;
  ms.reserve(all.size());
  for (size_t i = 0; i < all.size(); ++i) ms.push_back(all[i] - service[i]);
  return ms;
}

std::vector<double> sorted_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

std::vector<Findings::Claim> claims_of(const std::vector<double>& in_time_order,
                                       const std::vector<double>& sorted) {
  std::vector<Findings::Claim> all;
  for (double p : {0.5, 0.9, 0.95, 0.99, 0.999}) {
    all.push_back({p, quantile_interval(sorted, in_time_order, p), upper_bound(sorted, p)});
  }
  return all;
}

Drift drift_of(const std::vector<TimelineBucket>& stretches) {
  std::vector<double> t, v;
  for (const TimelineBucket& b : stretches) t.push_back(b.t_s), v.push_back(b.p50_ms);
  return find_drift(t, v);
}

}  // namespace

Findings find(const Record& d, bool watched) {
  Findings f;
  const std::vector<double> ms = to_ms(d.latency()), service = service_ms(d);
  const std::vector<double> sorted = sorted_of(ms);
  f.latency_ms = summarize(ms);
  f.latency_ms.samples = d.seen();
  f.latency_ms.mean = d.mean() * 1e-6;
  f.latency_ms.min = static_cast<double>(d.least()) * 1e-6;
  f.latency_ms.max = static_cast<double>(d.greatest()) * 1e-6;
  f.infer_ms = summary_of(d.infer());
  if (f.infer_ms) f.wait_ms = summarize(waits(ms, service));
  f.preprocess_ms = summary_of(d.preprocess());
  f.postprocess_ms = summary_of(d.postprocess());
  f.claims = claims_of(ms, sorted);
  if (f.infer_ms) f.infer_claims = claims_of(to_ms(d.infer()), sorted_of(to_ms(d.infer())));
  f.outliers = find_outliers(d, watched);
  f.modes = find_modes(service);
  f.timeline = timeline(d.at(), ms);
  f.drift = drift_of(timeline(d.at(), service));
  f.histogram = histogram(sorted);
  f.minutes = minutes(d.at(), ms);
  return f;
}

std::vector<std::string> warnings_of(const Findings& f, const Record& d) {
  std::vector<std::string> all;
  const Modes& m = f.modes;
  if (m.bimodal) {
    const bool seldom = m.switches < static_cast<int64_t>(f.latency_ms.samples) / 20;
    all.push_back(fmt::format(
        "two typical latencies, {:.3f} ms and {:.3f} ms ({:.0f} % of frames), {}: no single figure "
        "describes both",
        m.low_ms, m.high_ms, 100 * m.high_share,
        seldom ? fmt::format("changing {} times (clock or neighbours: fix the governor, pin a core "
                             "with taskset)",
                             m.switches)
               : "frame by frame (inputs or threads that differ: try --threads 1, --same-input)"));
  }
  if (d.one_of() > 1) {
    all.push_back(
        fmt::format("more frames than are kept: {}, one of every {} drawn at random, stand for the "
                    "rest; count, mean, least and greatest are of all",
                    d.kept(), d.one_of()));
  }
  return all;
}

}  // namespace hone::ship
