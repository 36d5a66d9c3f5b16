// The JSON of a benchmark: scripts of others read it, so keys are only added.
#include "ship/measure/bench.h"

namespace hone::ship {

using nlohmann::json;

namespace {

template <class T>
json or_null(const std::optional<T>& v) {
  return v ? json(*v) : json(nullptr);
}

json to_json(const Summary& s) {
  json j = {{"mean", s.mean}, {"min", s.min}, {"max", s.max}, {"stddev", s.stddev}};
  for (const Percentile& p : s.percentiles) j[percentile_name(p.p)] = or_null(p.value);
  return j;
}

// intervals_ms, bounds_ms and effective_samples by percentile.
void add_claims(const std::vector<Findings::Claim>& claims, json* j) {
  json intervals = json::object(), bounds = json::object(), effective = json::object();
  for (const Findings::Claim& c : claims) {
    const std::string name = percentile_name(c.p);
    intervals[name] = nullptr;
    effective[name] = nullptr;
    if (c.interval) {
      intervals[name] = {c.interval->interval.low, c.interval->interval.high};
      effective[name] = c.interval->effective;
    }
    bounds[name] = or_null(c.bound_ms);
  }
  j->update({{"intervals_ms", intervals}, {"bounds_ms", bounds}, {"effective_samples", effective}});
}

json to_json(const Modes& m) {
  json j = {{"bimodal", m.bimodal}};
  if (m.bimodal) {
    j.update({{"low_ms", m.low_ms},
              {"high_ms", m.high_ms},
              {"high_share", m.high_share},
              {"switches", m.switches}});
  }
  return j;
}

json to_json(const Drift& d, const Evidence& e) {
  return {{"percent", d.percent},
          {"significant", d.significant},
          {"notable", d.notable()},
          {"throttled", e.throttled},
          {"evidence", e.reasons}};
}

void add_rate(const BenchResult& r, json* j) {
  (*j)["rate"] = {{"per_second", r.rate_per_second},
                  {"period_ms", r.rate->period_ns * 1e-6},
                  {"scheduled", r.rate->scheduled},
                  {"gave_up", r.rate->gave_up}};
  (*j)["deadline_misses"] = r.rate->misses;
  (*j)["longest_miss_streak"] = r.rate->longest_streak;
  (*j)["skipped"] = r.rate->skipped;
}

}  // namespace

json to_json(const BenchResult& r) {
  const Findings& f = r.findings;
  json steps = json::array();
  for (const auto& [layer, us] : r.steps_us) steps.push_back({{"layer", layer}, {"us", us}});
  json j = {{"schema", 1},
            {"mode", r.rate ? "rate" : "closed"},
            {"samples", f.latency_ms.samples},
            {"samples_kept", r.record.kept()},
            {"latency_ms", to_json(f.latency_ms)},
            {"histogram", to_json(f.histogram)},
            {"timeline", to_json(f.timeline)},
            {"minutes", to_json(f.minutes)},
            {"outliers", to_json(f.outliers)},
            {"modes", to_json(f.modes)},
            {"drift", to_json(f.drift, r.evidence)},
            {"overhead_us", to_json(r.overhead)},
            {"memory", r.memory},
            {"energy", r.energy},
            {"conditions", r.conditions},
            {"warnings", r.warnings},
            {"steps", steps}};
  add_claims(f.claims, &j);
  for (const Findings::Claim& c : f.claims) {
    j["samples_needed"][percentile_name(c.p)] = samples_needed(c.p);
  }
  if (f.preprocess_ms) {
    j["stages_ms"] = {{"wait", to_json(*f.wait_ms)},
                      {"preprocess", to_json(*f.preprocess_ms)},
                      {"infer", to_json(*f.infer_ms)},
                      {"postprocess", to_json(*f.postprocess_ms)},
                      {"total", to_json(f.latency_ms)}};
    add_claims(f.infer_claims, &j["stages_ms"]["infer"]);
  } else if (f.infer_ms) {
    j["service_ms"] = to_json(*f.infer_ms);
    j["wait_ms"] = to_json(*f.wait_ms);
    add_claims(f.infer_claims, &j["service_ms"]);
  }
  if (r.rate) add_rate(r, &j);
  j["warmup"] = {{"runs", r.warmup.runs},         {"seconds", r.warmup.seconds},
                 {"steady", r.warmup.steady},     {"first_ms", r.first_ms},
                 {"load_ms", or_null(r.load_ms)}, {"bind_ms", or_null(r.bind_ms)}};
  return j;
}

}  // namespace hone::ship
